//! Kinds, their plurals and short names.

use std::str::FromStr;

use heck::ToSnakeCase;

use super::{Kind, Plural, ShortName, dns, rust};
use crate::problem::Problem;

impl FromStr for Kind {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let problem = |reason: &str| Problem::new(format!("invalid kind `{text}`: {reason}"));
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.trim_start_matches(|first: char| first.is_ascii_digit());
        let help = match letters.chars().next() {
            Some(first) => format!("try `{}{}`", first.to_ascii_uppercase(), &letters[1..]),
            None => "pass a name such as `MyApp`".to_owned(),
        };
        if !text.starts_with(|first: char| first.is_ascii_uppercase()) {
            return Err(problem("it must start with an upper-case letter").help(help));
        }
        if !text.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(problem("it must have letters and digits only").help(help));
        }
        if text.len() > dns::LABEL - "List".len() {
            let most = dns::LABEL - "List".len();
            return Err(problem(&format!(
                "it has {} characters, more than {most}",
                text.len()
            ))
            .help("shorten it"));
        }
        if text.len() > "List".len() && text.ends_with("List") {
            let one = text.trim_end_matches("List");
            return Err(
                problem(&format!("it is Kubernetes' name for a list of `{one}`"))
                    .help(format!("try `{one}`")),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl Kind {
    /// The Rust module of this kind, e.g. `my_app`.
    pub fn module(&self) -> String {
        rust::module(&self.0.to_snake_case(), &[])
    }

    /// The Rust type of this kind: its name, with `Object` behind it where the name means something else already.
    pub fn type_name(&self) -> String {
        if TAKEN_TYPES.contains(&self.0.as_str()) {
            format!("{self}Object")
        } else {
            self.0.clone()
        }
    }

    /// The kind in the singular as kubectl takes it, e.g. `myapp`.
    pub fn singular(&self) -> String {
        self.0.to_lowercase()
    }

    /// The plural that English would have: `policies`, `boxes`, `myapps`.
    pub fn plural(&self) -> Plural {
        let one = self.singular();
        let ends = |ends: &[&str]| ends.iter().any(|end| one.ends_with(end));
        let vowel = one.len() < 2 || ends(&["ay", "ey", "iy", "oy", "uy"]);
        Plural(match one.strip_suffix('y') {
            Some(stem) if !vowel => format!("{stem}ies"),
            _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{one}es"),
            _ => format!("{one}s"),
        })
    }
}

impl FromStr for Plural {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        dns::rfc1035_label(text).map_err(|reason| {
            Problem::new(format!("invalid plural `{text}`: {reason}"))
                .help("pass a lower-case name, e.g. `--plural myapps`")
        })?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for ShortName {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        dns::rfc1035_label(text).map_err(|reason| {
            Problem::new(format!("invalid short name `{text}`: {reason}"))
                .help("pass a lower-case name, e.g. `--short-name ma`")
        })?;
        Ok(Self(text.to_owned()))
    }
}

/// Names of types that generated code, its prelude or kube's derive use for something else.
/// `templates::tests` holds this against every template, and the scaffold tests against the compiler.
pub const TAKEN_TYPES: &[&str] = &[
    "Action",
    "Api",
    "Arc",
    "Args",
    "AsMut",
    "AsRef",
    "BTreeMap",
    "Box",
    "Cache",
    "Client",
    "Clone",
    "Cluster",
    "CompactCache",
    "Condition",
    "Container",
    "ContainerPort",
    "Context",
    "Controller",
    "ControllerExt",
    "Copy",
    "CustomResource",
    "CustomResourceDefinition",
    "CustomResourceExt",
    "Debug",
    "Default",
    "DeleteParams",
    "Deployment",
    "DeploymentCondition",
    "DeploymentSpec",
    "DeploymentStatus",
    "Deserialize",
    "DeserializeOwned",
    "Deserializer",
    "DoubleEndedIterator",
    "Drop",
    "Duration",
    "Eq",
    "Environment",
    "Err",
    "Error",
    "EventType",
    "Events",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "JSONSchemaProps",
    "JsonSchema",
    "K",
    "KubeSchema",
    "LabelSelector",
    "ListMerge",
    "Manager",
    "MapMerge",
    "Message",
    "None",
    "Object",
    "ObjectMeta",
    "ObjectRef",
    "Ok",
    "Operator",
    "Option",
    "Options",
    "Ord",
    "Parser",
    "PartialEq",
    "PartialOrd",
    "Patch",
    "PatchParams",
    "PodSecurityContext",
    "PodSpec",
    "PodTemplateSpec",
    "PostParams",
    "Quantity",
    "Reason",
    "Resource",
    "ResourceExt",
    "Result",
    "Rule",
    "Schema",
    "SchemaGenerator",
    "SchemaSettings",
    "SeccompProfile",
    "SecurityContext",
    "Self",
    "Send",
    "Serialize",
    "Serializer",
    "Sized",
    "Some",
    "String",
    "StructMerge",
    "Sync",
    "T",
    "Time",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Value",
    "Vec",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T: FromStr<Err = Problem> + std::fmt::Debug>(text: &str) -> String {
        let problem = text.parse::<T>().expect_err(text);
        format!("{} / {}", problem.message, problem.help.unwrap_or_default())
    }

    #[test]
    fn a_kind_is_a_type_name_and_a_wrong_one_comes_with_a_right_one() {
        for good in ["MyApp", "HTTPRoute", "A", "Type", "Option", "X9"] {
            assert_eq!(good.parse::<Kind>().unwrap().as_str(), good);
        }
        assert_eq!(
            problem::<Kind>("memcached"),
            "invalid kind `memcached`: it must start with an upper-case letter / try `Memcached`"
        );
        assert_eq!(
            problem::<Kind>("My-App"),
            "invalid kind `My-App`: it must have letters and digits only / try `MyApp`"
        );
        assert_eq!(
            problem::<Kind>("9x"),
            "invalid kind `9x`: it must start with an upper-case letter / try `X`"
        );
        assert_eq!(
            problem::<Kind>("FooList"),
            "invalid kind `FooList`: it is Kubernetes' name for a list of `Foo` / try `Foo`"
        );
        for bad in ["", "Ünder", "a b", "Ã", &"K".repeat(60)] {
            problem::<Kind>(bad);
        }
    }

    #[test]
    fn plurals_are_english_where_english_is_regular() {
        for (kind, plural) in [
            ("MyApp", "myapps"),
            ("Policy", "policies"),
            ("Key", "keys"),
            ("Box", "boxes"),
            ("Batch", "batches"),
            ("Bus", "buses"),
            ("HTTPRoute", "httproutes"),
            ("Y", "ys"),
            ("Status", "statuses"),
            ("Mesh", "meshes"),
        ] {
            assert_eq!(kind.parse::<Kind>().unwrap().plural().as_str(), plural);
        }
    }

    #[test]
    fn a_kinds_module_is_no_keyword_and_no_version() {
        for (kind, module) in [
            ("MyApp", "my_app"),
            ("Type", "type_"),
            ("Self", "self_"),
            ("Mod", "mod_"),
            ("V1", "v1_"),
            ("V1beta1", "v1beta1_"),
            ("HTTPRoute", "http_route"),
        ] {
            assert_eq!(kind.parse::<Kind>().unwrap().module(), module);
        }
    }

    #[test]
    fn names_of_other_things_get_object_behind_them() {
        for (kind, name) in [
            ("MyApp", "MyApp"),
            ("Deployment", "DeploymentObject"),
            ("Option", "OptionObject"),
            ("Self", "SelfObject"),
        ] {
            assert_eq!(kind.parse::<Kind>().unwrap().type_name(), name);
        }
    }
}
