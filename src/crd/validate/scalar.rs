//! Numbers, texts and sizes against their bounds.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Number, Value};

use super::plain;

pub(super) fn check_number(schema: &Value, number: &Number, wrong: &mut impl FnMut(String)) {
    let bound = |name: &str| schema[name].as_number();
    let exclusive = |name: &str| schema[name] == true;
    if let Some(least) = bound("minimum") {
        match compare(number, least) {
            Ordering::Less => wrong(format!("must be at least {}", shown(least))),
            Ordering::Equal if exclusive("exclusiveMinimum") => {
                wrong(format!("must be more than {}", shown(least)));
            }
            _ => {}
        }
    }
    if let Some(most) = bound("maximum") {
        match compare(number, most) {
            Ordering::Greater => wrong(format!("must be at most {}", shown(most))),
            Ordering::Equal if exclusive("exclusiveMaximum") => {
                wrong(format!("must be less than {}", shown(most)));
            }
            _ => {}
        }
    }
    if let Some(step) = bound("multipleOf").filter(|step| !is_multiple(number, step)) {
        wrong(format!("must be a multiple of {}", shown(step)));
    }
    let fits = match schema["format"].as_str() {
        Some("int32") => i32::try_from(integer(number).unwrap_or(0)).is_ok(),
        Some("int64") => i64::try_from(integer(number).unwrap_or(0)).is_ok(),
        _ => true,
    };
    if !fits {
        wrong(format!("does not fit into {}", plain(&schema["format"])));
    }
}

pub(super) fn check_text(schema: &Value, text: &str, wrong: &mut impl FnMut(String)) {
    check_size(schema, text.chars().count(), "Length", "character", wrong);
    if let Some(pattern) = schema["pattern"].as_str()
        // What is no pattern to Rust may be one to Go.
        && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        wrong(format!("must match `{pattern}`"));
    }
    if let Some(format) = schema["format"].as_str()
        && !has_format(text, format)
    {
        wrong(format!("must be of the format `{format}`"));
    }
}

/// `minItems`, `maxLength` and their like.
pub(super) fn check_size(
    schema: &Value,
    size: usize,
    what: &str,
    one: &str,
    wrong: &mut impl FnMut(String),
) {
    let bound = |side: &str| crate::crd::size(&schema[format!("{side}{what}")]);
    let many = |count| if count == 1 { "" } else { "s" };
    if let Some(least) = bound("min").filter(|least| size < *least) {
        wrong(format!("must have at least {least} {one}{}", many(least)));
    }
    if let Some(most) = bound("max").filter(|most| size > *most) {
        wrong(format!("must have at most {most} {one}{}", many(most)));
    }
}

/// True for a text of a format, and of one that is not known: the API server ignores those.
fn has_format(text: &str, format: &str) -> bool {
    let pattern = match format {
        "ipv4" => return text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => return text.parse::<std::net::Ipv6Addr>().is_ok(),
        "date" => r"^\d{4}-\d{2}-\d{2}$",
        "date-time" | "datetime" => {
            r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}([.,]\d+)?([Zz]|[+-]\d{2}:\d{2})$"
        }
        "uuid" => r"^(?i)[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$",
        "byte" => r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$",
        "email" => r"^[^@\s]+@[^@\s]+$",
        "uri" => r"^([A-Za-z][A-Za-z0-9+.-]*:|/)\S*$",
        "hostname" => r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$",
        "cidr" => r"^[0-9A-Fa-f:.]+/\d{1,3}$",
        "mac" => r"^[0-9A-Fa-f]{2,4}([:.-][0-9A-Fa-f]{2,4})+$",
        // Go's own, and the words that Scala knows.
        "duration" => {
            r"^[+-]?(0|(\d+(\.\d*)?|\.\d+)\s*[a-zµμ]+)(\s*(\d+(\.\d*)?|\.\d+)\s*[a-zµμ]+)*$"
        }
        _ => return true,
    };
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

/// Numbers are equal by value, whether they are written with a point or without.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right) == Ordering::Equal,
        _ => left == right,
    }
}

/// The order of two numbers, exact for whole ones.
fn compare(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(left).total_cmp(&float(right))
        }
    }
}

/// The number if it is a whole one.
pub(in crate::crd) fn integer(number: &Number) -> Option<i128> {
    let float = || number.as_f64().filter(|float| float.fract() == 0.0);
    number
        .as_i128()
        .or_else(|| float().map(|float| float as i128))
}

fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (integer(number), integer(step)) {
        return step == 0 || number % step == 0;
    }
    let (number, step) = (
        number.as_f64().unwrap_or_default(),
        step.as_f64().unwrap_or(1.0),
    );
    let count = number / step;
    // As near as the API server wants it.
    (count - count.round()).abs() < 1e-9
}

/// A number without a point where it needs none: bounds are floating-point numbers in kube's types.
pub(in crate::crd) fn shown(number: &Number) -> String {
    integer(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
}
