//! Constants that functions would refuse when the rule runs: the API server refuses them before.

use cel::{
    IdedExpr,
    common::ast::{Expr, LiteralValue},
};

use super::types::Type;
use crate::problem::Problem;

/// Checks the first argument of `duration`, `timestamp` and `matches`, if it is a constant.
pub(super) fn check(name: &str, arguments: &[IdedExpr]) -> Option<Problem> {
    let Some(Expr::Literal(LiteralValue::String(text))) =
        arguments.first().map(|first| &first.expr)
    else {
        return None;
    };
    let text = text.inner();
    let problem = match name {
        "duration" if !is_duration(text) => Problem::new(format!("`{text}` is no duration"))
            .help("write hours, minutes and seconds, e.g. `1h30m`"),
        "timestamp" if !is_timestamp(text) => Problem::new(format!("`{text}` is no timestamp"))
            .help("write it as RFC 3339 has it, e.g. `2026-01-31T12:00:00Z`"),
        // Text behind `\Q` is not looked into: the parser does not know it, and RE2 does.
        "matches" if text.contains("\\Q") => return None,
        "matches" => match regex_syntax::ast::parse::Parser::new().parse(text) {
            Ok(_) => return None,
            Err(error) => Problem::new(format!(
                "`{text}` is no regular expression: {}",
                error.kind().to_string().trim_end_matches('.')
            ))
            .help("write it as RE2 has it, without look-around and references"),
        },
        _ => return None,
    };
    Some(problem)
}

/// Checks a format against the types of what it formats.
pub(super) fn check_format(text: &str, types: &[Type]) -> Option<Problem> {
    let help = "write `%s` for any value, `%d` for whole numbers, `%f` for others";
    let problem = |message: String| Some(Problem::new(message).help(help));
    let mut given = types.iter();
    let mut expected = 0;
    let mut rest = text;
    while let Some((_, clause)) = rest.split_once('%') {
        if let Some(after) = clause.strip_prefix('%') {
            rest = after;
            continue;
        }
        let precise = clause.strip_prefix('.').unwrap_or(clause);
        let clause = precise.trim_start_matches(|c: char| c.is_ascii_digit());
        let mut characters = clause.chars();
        let verb = characters.next();
        rest = characters.as_str();
        expected += 1;
        let Some(verb) = verb.filter(|verb| "sdfebxXo".contains(*verb)) else {
            let verb = verb.map_or_else(|| "%".to_owned(), |verb| format!("%{verb}"));
            return problem(format!("`format` does not know `{verb}`"));
        };
        let Some(ty) = given.next() else {
            continue;
        };
        let fits = match verb {
            's' => !matches!(ty, Type::Named(_) | Type::Object(_) | Type::Optional(_)),
            'd' | 'o' => matches!(ty, Type::Int | Type::Uint),
            'f' | 'e' => matches!(ty, Type::Double | Type::String),
            'b' => matches!(ty, Type::Int | Type::Uint | Type::Bool),
            _ => matches!(ty, Type::Int | Type::Uint | Type::String | Type::Bytes),
        };
        if !fits && !ty.is_wild() {
            return problem(format!("`format` does not take `{ty}` for `%{verb}`"));
        }
    }
    if expected != types.len() {
        let (text, given) = (text.escape_debug(), types.len());
        return problem(format!(
            "`{text}` wants {expected} values and is given {given}"
        ));
    }
    None
}

/// Numbers with units, with a sign before them all, as Go reads durations.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if text == "0" {
        return true;
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let mut rest = text;
    while !rest.is_empty() {
        let whole = rest.trim_start_matches(is_digit);
        let fraction = match whole.strip_prefix('.') {
            Some(fraction) => fraction.trim_start_matches(is_digit),
            None => whole,
        };
        let digits = rest[..rest.len() - fraction.len()]
            .matches(is_digit)
            .count();
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let after = units.iter().find_map(|unit| fraction.strip_prefix(unit));
        match after {
            Some(after) if digits > 0 => rest = after,
            _ => return false,
        }
    }
    !text.is_empty()
}

/// A date and a time as in RFC 3339.
fn is_timestamp(text: &str) -> bool {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok()).flatten()
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let separated = separators
        .iter()
        .all(|(at, byte)| text.as_bytes().get(*at) == Some(byte));
    let parts = (|| {
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let time = number(11, 13)? < 24 && number(14, 16)? < 60 && number(17, 19)? < 60;
        Some((1..=days).contains(&day) && time)
    })();
    if !separated || parts != Some(true) {
        return false;
    }
    let zone = match text[19..].strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => &text[19..],
    };
    if zone == "Z" {
        return true;
    }
    let start = text.len() - zone.len();
    let signed = zone.starts_with(['+', '-']) && zone.len() == 6 && zone.as_bytes()[3] == b':';
    let hours = number(start + 1, start + 3).is_some_and(|hours| hours < 24);
    signed && hours && number(start + 4, start + 6).is_some_and(|minutes| minutes < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_timestamps_are_those_of_go() {
        for text in ["0", "1h30m", "-1.5s", "300ms", "1µs", "+.5h"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "1", "1d", "h", ".s", "1h ", "--1s", "1.s.", "é"] {
            assert!(!is_duration(text), "{text}");
        }
        for text in ["2026-01-31T12:00:00Z", "2024-02-29T23:59:59.123+02:00"] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+0200",
            "2026-01-31T12:00:00é",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
