//! Whether a rule makes sense to Kubernetes: what its API server refuses, and what it accepts but never matches.

mod known;

use std::collections::BTreeSet;

pub(super) use self::known::VERBS;
use self::known::{HTTP_VERBS, SUBRESOURCES, resources, resources_of};
use super::arguments::{Argument, Arguments, Item};
use super::comment::Reader;
use super::{PolicyRule, Rule};
use crate::problem::did_you_mean;

/// Makes the rule, and reports what is wrong with it; with problems reported, the rule is not to be used.
pub(super) fn check(arguments: &Arguments, reader: &mut Reader<'_>) -> Rule {
    if !arguments.broken {
        keys(arguments, reader);
    }
    let on_urls = arguments.get("urls").is_some() && arguments.get("resources").is_none();
    for item in arguments.items("verbs") {
        verb(item, on_urls, reader);
    }
    for item in arguments.items("groups") {
        group(item, reader);
    }
    for item in arguments.items("resources") {
        resource(item, arguments.items("groups"), reader);
    }
    for item in arguments.items("resourceNames") {
        resource_name(item, arguments.items("resources"), reader);
    }
    for item in arguments.items("urls") {
        url(item, reader);
    }
    for item in arguments.items("namespace") {
        namespace(item, reader);
    }
    for item in arguments.items("roleName") {
        role_name(item, reader);
    }
    let set = |key| -> BTreeSet<String> {
        arguments
            .items(key)
            .iter()
            .map(|item| item.text.clone())
            .collect()
    };
    let one = |key| arguments.items(key).first().map(|item| item.text.clone());
    Rule {
        policy: PolicyRule {
            api_groups: arguments
                .items("groups")
                .iter()
                .map(|item| api_group(item).to_owned())
                .collect(),
            non_resource_urls: set("urls"),
            resource_names: set("resourceNames"),
            resources: set("resources"),
            verbs: set("verbs"),
        },
        namespace: one("namespace"),
        role_name: one("roleName"),
        reason: arguments.reason.clone(),
    }
}

/// Which keys there must be, and which exclude each other.
fn keys(arguments: &Arguments, reader: &mut Reader<'_>) {
    if arguments.get("verbs").is_none() {
        reader.refuse(
            "rule without `verbs`",
            "add what is done, such as `verbs=get;list;watch`",
        );
    }
    let Some(urls) = arguments.get("urls") else {
        if arguments.get("resources").is_none() {
            reader.refuse(
                "rule without `resources` or `urls`",
                "add what it is about, such as `resources=pods`",
            );
        } else if arguments.get("groups").is_none() {
            let help = match sole_group(arguments) {
                Some(group) => format!("add `groups={group}`"),
                None => "add the API group, such as `groups=apps`; the core group is `groups=core`"
                    .to_owned(),
            };
            reader.refuse("rule with `resources` but without `groups`", help);
        }
        return;
    };
    let clashing = ["groups", "resources", "resourceNames"]
        .into_iter()
        .filter_map(|key| arguments.get(key));
    for Argument { key, offset, .. } in clashing {
        let help = "Kubernetes refuses both in one rule: write one comment for each";
        reader.refuse_at(*offset, format!("`{key}` in a rule with `urls`"), help);
    }
    if arguments
        .items("namespace")
        .first()
        .is_some_and(|item| !item.text.is_empty())
    {
        let help = "only a ClusterRole can allow URLs: leave `namespace` out";
        reader.refuse_at(urls.offset, "`urls` in a rule with `namespace`", help);
    }
}

/// The built-in group that all resources of the rule are in, if there is one.
fn sole_group(arguments: &Arguments) -> Option<&'static str> {
    let mut groups = arguments.items("resources").iter().map(|item| {
        let (plural, _) = split(&item.text);
        elsewhere(plural)
    });
    let first = groups.next()??;
    groups.all(|group| group == Some(first)).then_some(first)
}

fn verb(item: &Item, on_urls: bool, reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    let known = if on_urls { HTTP_VERBS } else { VERBS };
    // Impersonation with constraints names what may be impersonated behind a colon.
    let constrained = text.starts_with("impersonate:") || text.starts_with("impersonate-on:");
    if known.contains(&text) || (constrained && !on_urls) {
        return;
    }
    let lower = text.to_lowercase();
    let translated = match (lower.as_str(), on_urls) {
        ("post", false) => Some("create"),
        ("put", false) => Some("update"),
        ("head" | "read", false) | ("list" | "watch" | "read", true) => Some("get"),
        ("create", true) => Some("post"),
        ("update", true) => Some("put"),
        ("remove", _) => Some("delete"),
        ("all" | "any", _) => Some("*"),
        ("write", false) => Some("update"),
        _ => None,
    };
    let kind = if on_urls { " for a URL" } else { "" };
    let help = match translated.or_else(|| did_you_mean(text, known.iter().copied())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if text.contains(char::is_whitespace) => {
            "separate verbs with `;`, and put a reason behind `because`".to_owned()
        }
        None => format!("the verbs are `{}`", known.join("`, `")),
    };
    let message = if lower != text && known.contains(&lower.as_str()) {
        format!("verb `{text}` is not in lower case")
    } else {
        format!("unknown verb `{text}`{kind}")
    };
    reader.refuse_at(item.offset, message, help);
}

fn group(item: &Item, reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    if matches!(text, "" | "core" | "*") {
        return;
    }
    if let Some((before, after)) = text.split_once('/') {
        let help = match before {
            "" | "core" => "write `core`".to_owned(),
            _ if is_version(after) => format!("rules name no versions: write `{before}`"),
            _ => format!("did you mean `groups={before},resources={after}`?"),
        };
        reader.refuse_at(item.offset, format!("`/` in the group `{text}`"), help);
    } else if is_version(text) {
        let help = "rules name no versions; the core group is `core`";
        reader.refuse_at(item.offset, format!("version `{text}` as a group"), help);
    } else if !is_dns_subdomain(text) {
        let help =
            "a group is lower-case letters, digits, `-` and `.`, such as `apps` or `example.com`";
        reader.refuse_at(item.offset, format!("invalid group `{text}`"), help);
    } else if !text.contains('.') && resources_of(text).is_empty() {
        // Groups of custom resources have a dot, so a word alone that resembles a built-in group is a slip.
        let bare = resources()
            .map(|(group, _)| group)
            .filter(|group| !group.contains('.'));
        if let Some(meant) = did_you_mean(text, bare) {
            reader.refuse_at(
                item.offset,
                format!("unknown group `{text}`"),
                format!("did you mean `{meant}`?"),
            );
        }
    }
}

fn resource(item: &Item, groups: &[Item], reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    let (plural, subresource) = split(text);
    let tail = subresource
        .map(|subresource| format!("/{subresource}"))
        .unwrap_or_default();
    if !is_resource(plural) || subresource.is_some_and(|subresource| !is_resource(subresource)) {
        let lower = plural.to_lowercase();
        let meant = builtin_plural(&lower).map_or(lower, ToOwned::to_owned);
        let help = if is_resource(&meant) && meant != plural {
            format!("resources are named by their lower-case plural, such as `{meant}{tail}`")
        } else {
            "a resource is a lower-case plural, with its subresource behind a `/`".to_owned()
        };
        reader.refuse_at(item.offset, format!("invalid resource `{text}`"), help);
        return;
    }
    if let Some(meant) = subresource.and_then(misspelt_subresource) {
        let message = format!("unknown subresource `{text}`");
        let help = format!("did you mean `{plural}/{meant}`?");
        reader.refuse_at(item.offset, message, help);
        return;
    }
    // The remaining checks hold only where opgen knows every resource of every group of the rule.
    let mut known = Vec::new();
    for group in groups {
        let of_group = resources_of(shown(group));
        if of_group.is_empty() {
            return;
        }
        known.extend(of_group);
    }
    if plural == "*" || known.is_empty() || known.contains(&plural) {
        return;
    }
    let names: Vec<_> = groups
        .iter()
        .map(|group| format!("`{}`", shown(group)))
        .collect();
    let noun = if names.len() == 1 { "group" } else { "groups" };
    let message = format!("no resource `{plural}` in {noun} {}", names.join(", "));
    // Newer Kubernetes versions have resources that the table lacks, so a word that resembles nothing passes.
    let singular = known.iter().find(|known| is_singular_of(plural, known));
    if let Some(meant) = singular.or_else(|| known.iter().find(|known| is_near(plural, known))) {
        reader.refuse_at(
            item.offset,
            message,
            format!("did you mean `{meant}{tail}`?"),
        );
    } else if let Some(group) = elsewhere(plural) {
        reader.refuse_at(item.offset, message, format!("it is in `groups={group}`"));
    }
}

/// What a subresource was meant to be that resembles one of Kubernetes' and is none. APIs may have others.
fn misspelt_subresource(word: &str) -> Option<&'static str> {
    if SUBRESOURCES.contains(&word) {
        return None;
    }
    let mut known = SUBRESOURCES.iter().copied();
    let singular = known.clone().find(|known| is_singular_of(word, known));
    singular.or_else(|| known.find(|known| is_near(word, known)))
}

/// The built-in group that has a resource.
fn elsewhere(plural: &str) -> Option<&'static str> {
    resources()
        .find(|(_, known)| *known == plural)
        .map(|(group, _)| group)
}

fn resource_name(item: &Item, resources: &[Item], reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    // Signers are the one resource with names such as `kubernetes.io/kubelet-serving`.
    let may_have_slash = resources
        .iter()
        .any(|resource| matches!(resource.text.as_str(), "signers" | "*"));
    if text == "*" {
        let help = "Kubernetes takes it literally: leave `resourceNames` out to allow every name";
        reader.refuse_at(item.offset, "`*` as a resource name", help);
    } else if !is_path_segment(&if may_have_slash {
        text.replace('/', "-")
    } else {
        text.to_owned()
    }) {
        let help = "write `metadata.name` of the object, without namespace and slash";
        reader.refuse_at(item.offset, format!("invalid resource name `{text}`"), help);
    }
}

fn url(item: &Item, reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    if text == "*" {
        return;
    }
    if !text.starts_with('/') || text.contains(char::is_whitespace) {
        let help = "write a path that begins with `/`, such as `/metrics`, or `*`";
        reader.refuse_at(item.offset, format!("invalid URL `{text}`"), help);
    } else if text.find('*').is_some_and(|index| index + 1 < text.len()) {
        let help = "Kubernetes knows `*` only as the last character, such as `/healthz/*`";
        reader.refuse_at(item.offset, format!("`*` within the URL `{text}`"), help);
    }
}

fn namespace(item: &Item, reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    // The empty name is how a comment asks for the whole cluster.
    if !text.is_empty() && (text.len() > 63 || !is_dns_label(text)) {
        let help = "a namespace is at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends";
        reader.refuse_at(item.offset, format!("invalid namespace `{text}`"), help);
    }
}

fn role_name(item: &Item, reader: &mut Reader<'_>) {
    let text = item.text.as_str();
    // Names of roles are freer than those of most objects: `system:node` is one.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if !is_path_segment(text) || !text.chars().all(plain) {
        let help =
            "a role's name is letters, digits, `-`, `.`, `_` and `:`, such as `manager-role`";
        reader.refuse_at(item.offset, format!("invalid role name `{text}`"), help);
    }
}

/// The group as the API spells it: the core group is nameless there.
fn api_group(item: &Item) -> &str {
    if item.text == "core" { "" } else { &item.text }
}

/// The group as people write it.
fn shown(item: &Item) -> &str {
    if item.text.is_empty() {
        "core"
    } else {
        &item.text
    }
}

fn split(resource: &str) -> (&str, Option<&str>) {
    resource
        .split_once('/')
        .map_or((resource, None), |(plural, subresource)| {
            (plural, Some(subresource))
        })
}

fn builtin_plural(word: &str) -> Option<&'static str> {
    let mut plurals = resources().map(|(_, plural)| plural);
    plurals.find(|plural| *plural == word || is_singular_of(word, plural))
}

fn is_singular_of(word: &str, plural: &str) -> bool {
    let mut ends = [("s", ""), ("es", ""), ("ies", "y")].into_iter();
    ends.any(|(end, singular)| {
        plural
            .strip_suffix(end)
            .is_some_and(|stem| format!("{stem}{singular}") == word)
    })
}

/// Stricter than [`did_you_mean`], as a word that is merely unknown must pass.
fn is_near(word: &str, known: &str) -> bool {
    word.len() > 3 && strsim::osa_distance(word, known) == 1
}

fn is_version(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = word.strip_prefix('v') else {
        return false;
    };
    let stage = ["alpha", "beta"]
        .into_iter()
        .find_map(|stage| number.split_once(stage));
    digits(number) || stage.is_some_and(|(major, minor)| digits(major) && digits(minor))
}

fn is_resource(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    word == "*" || (!word.is_empty() && word.chars().all(plain))
}

fn is_dns_subdomain(word: &str) -> bool {
    word.len() <= 253 && word.split('.').all(is_dns_label)
}

fn is_dns_label(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = word.bytes().next().is_some_and(plain) && word.bytes().last().is_some_and(plain);
    ends && word.bytes().all(|byte| plain(byte) || byte == b'-')
}

fn is_path_segment(word: &str) -> bool {
    !matches!(word, "" | "." | "..")
        && !word.contains(['/', '%'])
        && !word.contains(char::is_whitespace)
}
