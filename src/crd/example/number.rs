//! Numbers between bounds, and multiples of a step.

use serde_json::{Number, Value};

use crate::crd::validate::integer;

/// A whole number for a schema: the smallest positive one, or the one nearest to it; `nth` differs between items.
pub(super) fn integer_value(schema: &Value, nth: usize) -> Option<Value> {
    let (least, most) = match schema["format"].as_str() {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    let least = bound(schema, "minimum").map_or(least, |bound| bound.above().max(least));
    let most = bound(schema, "maximum").map_or(most, |bound| bound.below().min(most));
    // A step of 1.5 is met by what is a multiple of 3, and one of 0.5 by every whole number.
    let step = schema["multipleOf"].as_f64().unwrap_or(1.0);
    let step = (1..=1000_i32).map(|times| step * f64::from(times));
    let step = step.clone().find(|step| step.fract() == 0.0).unwrap_or(1.0) as i128;
    let step = step.max(1);
    let (first, last) = (div_ceil(least, step), most.div_euclid(step));
    let count = last
        .checked_sub(first)?
        .checked_add(1)
        .filter(|count| *count > 0)?;
    let preferred = div_ceil(1, step).clamp(first, last);
    let index = (preferred - first + nth as i128) % count;
    let value = (first + index) * step;
    i64::try_from(value).ok().map(Value::from)
}

/// Numbers for a schema, to be tried one after the other: positive whole ones first, zero and less last.
pub(super) fn number_values(schema: &Value, nth: usize) -> Vec<Value> {
    let float = |name: &str| schema[name].as_f64();
    let shift = nth as f64;
    let mut candidates = Vec::new();
    if let Some(step) = float("multipleOf").filter(|step| *step > 0.0) {
        let start = float("minimum").map_or(1.0, |least| (least / step).ceil());
        let end = float("maximum").map(|most| (most / step).floor() - shift);
        let counts = [1.0 + shift, start + shift, start + shift + 1.0]
            .into_iter()
            .chain(end);
        candidates.extend(counts.map(|count| count * step));
    }
    candidates.extend(match (float("minimum"), float("maximum")) {
        (Some(least), Some(most)) => {
            let between = least + (most - least) * (shift + 1.0) / (shift + 2.0);
            vec![between, least + shift, most - shift]
        }
        (Some(least), None) => vec![least + shift, least + shift + 1.0],
        (None, Some(most)) => vec![most - shift, most - shift - 1.0],
        (None, None) => Vec::new(),
    });
    let floats = candidates.into_iter().filter_map(Number::from_f64);
    let floats = floats.map(|number| match integer(&number).map(i64::try_from) {
        Some(Ok(whole)) => whole.into(),
        _ => Value::Number(number),
    });
    let whole = integer_value(schema, nth);
    let positive = whole.clone().filter(|value| value.as_i64() > Some(0));
    positive.into_iter().chain(floats).chain(whole).collect()
}

/// One side of what a number may be.
struct Bound<'a> {
    number: &'a Number,
    exclusive: bool,
}

fn bound<'a>(schema: &'a Value, side: &str) -> Option<Bound<'a>> {
    let exclusive = match side {
        "minimum" => "exclusiveMinimum",
        _ => "exclusiveMaximum",
    };
    Some(Bound {
        number: schema[side].as_number()?,
        exclusive: schema[exclusive] == true,
    })
}

impl Bound<'_> {
    /// The least whole number that this lower bound lets through.
    fn above(&self) -> i128 {
        match integer(self.number) {
            Some(whole) => whole.saturating_add(self.exclusive.into()),
            None => self.number.as_f64().unwrap_or_default().ceil() as i128,
        }
    }

    /// The greatest whole number that this upper bound lets through.
    fn below(&self) -> i128 {
        match integer(self.number) {
            Some(whole) => whole.saturating_sub(self.exclusive.into()),
            None => self.number.as_f64().unwrap_or_default().floor() as i128,
        }
    }
}

fn div_ceil(number: i128, step: i128) -> i128 {
    -(-number).div_euclid(step)
}
