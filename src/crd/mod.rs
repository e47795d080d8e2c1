//! CustomResourceDefinitions as data: put together from the versions of a kind, made fit for Kubernetes, checked,
//! compared and described. Nothing here reads or writes but [`scaffold`], which adds a version to a file.

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::{manifests::HEADER, yaml};

mod allow;
pub mod cel;
pub mod diff;
mod finding;
pub mod lint;
mod merge;
mod place;
mod scaffold;
mod schema;

pub use allow::Allowance;
pub use finding::{Finding, Level};
pub use merge::merge;
pub use place::{Place, Step};
pub use scaffold::scaffold;
pub use schema::walk_versions;

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
