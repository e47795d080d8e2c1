//! CustomResourceDefinitions as data: put together from the versions of a kind, made fit for Kubernetes, checked,
//! compared and described. Nothing here reads or writes but [`scaffold`], which adds a version to a file.

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::{manifests::HEADER, yaml};

mod allow;
pub mod cel;
pub mod diff;
mod docs;
mod example;
mod finding;
pub mod lint;
mod merge;
mod normalise;
mod place;
mod raw;
mod scaffold;
mod schema;
mod validate;

pub use allow::Allowance;
pub use docs::{DOCS, docs_path, page};
pub use example::{Unmet, example, sample, sample_name};
pub use finding::{Finding, Level};
pub use merge::merge;
pub use normalise::{Normalised, normalise, refused, root};
pub use place::{Place, Step};
pub use raw::{Raw, Schemas};
pub use scaffold::scaffold;
pub use schema::walk_versions;
pub use validate::{Mismatch, mismatches, object_mismatches};

/// Where CRDs stand in a project.
pub const DIRECTORY: &str = "config/crd/bases";

/// The file of a CRD, by the name of its group and plural.
pub fn path(group: &str, plural: &str) -> Utf8PathBuf {
    format!("{DIRECTORY}/{group}_{plural}.yaml").into()
}

/// The text of a CRD's file.
///
/// # Errors
/// None in practice: JSON is YAML.
pub fn to_text(crd: &Value) -> anyhow::Result<String> {
    let mut crd = crd.clone();
    whole_numbers(&mut crd);
    Ok(format!("{HEADER}---\n{}", yaml::to_string(&crd)?))
}

/// Bounds are floating-point numbers in the schema's types; `maximum: 1000` reads better than `1000.0`.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            // Up to 2^53 every whole number is exact.
            if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
                *value = (float as i64).into();
            }
        }
        _ => {}
    }
}

/// A version of a CRD, by its name.
fn version<'a>(crd: &'a Value, name: &str) -> Option<&'a Value> {
    let versions = crd["spec"]["versions"].as_array()?;
    versions.iter().find(|version| version["name"] == name)
}

/// The texts of a list of a schema, such as `required`.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// A bound on how much there may be, such as `maxItems`.
fn size(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|size| size.try_into().ok())
}
