//! Texts of a format, a pattern and a length.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::Value;

use crate::crd::size;

/// What patterns of names, versions, addresses, paths, amounts and the like accept, the most readable first.
const WORDS: &[&str] = &[
    "example",
    "Example",
    "EXAMPLE",
    "v1",
    "1",
    "10s",
    "1Gi",
    "0.1.0",
    "v0.1.0",
    "0.1",
    "10%",
    "8080",
    "example.com",
    "example.com/example",
    "https://example.com",
    "user@example.com",
    "arn:example:example",
    "/example",
    "/",
    "192.0.2.1",
    "192.0.2.0/24",
    "2025-01-01",
    "2025-01-01T00:00:00Z",
    "* * * * *",
    "12:00",
    "a",
];
/// No example is longer: a pattern that asks for more is not met.
const LONGEST: usize = 4096;
/// How many texts are tried for a pattern.
const MOST_TRIED: usize = 2048;

/// Texts that fit the schema's format, pattern and length, the best first; `nth` differs between items of a list.
pub(super) fn texts(schema: &Value, nth: usize) -> Vec<String> {
    let least = size(&schema["minLength"]).unwrap_or(0);
    let most = size(&schema["maxLength"]).unwrap_or(usize::MAX);
    if least > LONGEST.max(WORDS[0].len()) {
        return Vec::new();
    }
    let long_enough = |text: &String| (least..=most).contains(&text.chars().count());
    let formatted = schema["format"]
        .as_str()
        .and_then(|format| formatted(format, nth));
    let Some(pattern) = schema["pattern"].as_str() else {
        let sized = sized(WORDS[0], nth, least, most);
        return formatted
            .into_iter()
            .chain([sized])
            .filter(long_enough)
            .collect();
    };
    // What Rust cannot read, Go might: nobody can promise a text for it.
    let (Ok(regex), Ok(hir)) = (Regex::new(pattern), regex_syntax::parse(pattern)) else {
        return Vec::new();
    };
    let words = WORDS.iter().flat_map(|word| {
        let numbered = match nth {
            0 => vec![(*word).to_owned()],
            _ => vec![format!("{word}-{}", nth + 1), format!("{word}{}", nth + 1)],
        };
        numbered.into_iter().chain([sized(word, nth, least, most)])
    });
    let longer = (0..=least.max(1)).flat_map(|extra| (0..4).map(move |branch| (extra, branch)));
    let made = longer.filter_map(|(extra, branch)| {
        let mut text = String::new();
        let shape = Shape { extra, branch, nth };
        shape.write(&hir, &mut text).then_some(text)
    });
    let candidates = formatted
        .into_iter()
        .chain(words)
        .chain(made.take(MOST_TRIED));
    let matching = candidates.filter(|text| long_enough(text) && regex.is_match(text));
    matching.take(4).collect()
}

/// A word of a length: cut, or repeated.
fn sized(word: &str, nth: usize, least: usize, most: usize) -> String {
    let suffix = match nth {
        0 => String::new(),
        _ if most < 3 => char::from(b'a' + (nth % 26) as u8).to_string(),
        _ => format!("-{}", nth + 1),
    };
    let room = most.saturating_sub(suffix.len());
    let length = word.len().max(least.saturating_sub(suffix.len())).min(room);
    let letters = word.chars().cycle().take(length);
    letters.collect::<String>() + &suffix
}

/// A text of one of the formats that the API server checks.
fn formatted(format: &str, nth: usize) -> Option<String> {
    let number = nth + 1;
    Some(match format {
        "date-time" | "datetime" => format!("2025-01-01T00:00:{:02}Z", nth % 60),
        "date" => format!("2025-01-{:02}", nth % 28 + 1),
        "ipv4" => format!("192.0.2.{number}"),
        "ipv6" => format!("2001:db8::{number:x}"),
        "cidr" => format!("192.0.{number}.0/24"),
        "mac" => format!("00:00:5e:00:53:{number:02x}"),
        "uuid" | "uuid4" => format!("00000000-0000-4000-8000-{number:012x}"),
        "uuid3" => format!("00000000-0000-3000-8000-{number:012x}"),
        "uuid5" => format!("00000000-0000-5000-8000-{number:012x}"),
        "email" if nth > 0 => format!("user{number}@example.com"),
        "email" => "user@example.com".to_owned(),
        "uri" if nth > 0 => format!("https://example.com/{number}"),
        "uri" => "https://example.com".to_owned(),
        "hostname" if nth > 0 => format!("example{number}.com"),
        "hostname" => "example.com".to_owned(),
        // `example` and what is like it, in base64.
        "byte" => ["ZXhhbXBsZQ==", "ZXhhbXBsZTI=", "ZXhhbXBsZTM="]
            .get(nth)?
            .to_string(),
        "duration" => format!("{}s", 30 * number),
        "hexcolor" => format!("#{:06x}", 0x33_66_99 + nth),
        "rgbcolor" => format!("rgb(51,102,{})", 153 + nth % 100),
        "isbn" | "isbn10" => "0321751043".to_owned(),
        "isbn13" => "978-0321751041".to_owned(),
        "ssn" => format!("000-00-{number:04}"),
        "creditcard" => "4111111111111111".to_owned(),
        "bsonobjectid" => format!("{number:024x}"),
        _ => return None,
    })
}

/// Which of the texts of a pattern: how often what repeats is repeated beyond its least, which branch of an
/// alternative is taken, and with which letter classes begin.
#[derive(Clone, Copy)]
struct Shape {
    extra: usize,
    branch: usize,
    nth: usize,
}

impl Shape {
    /// Writes the text; false where there is none, or a too long one.
    fn write(self, hir: &Hir, text: &mut String) -> bool {
        if text.len() > LONGEST {
            return false;
        }
        match hir.kind() {
            // Whether a look holds, the regex itself says in the end.
            HirKind::Empty | HirKind::Look(_) => true,
            _ if hir.properties().maximum_len() == Some(0) => true,
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(letters) => {
                    text.push_str(letters);
                    true
                }
                Err(_) => false,
            },
            HirKind::Class(class) => match self.letter(class) {
                Some(letter) => {
                    text.push(letter);
                    true
                }
                None => false,
            },
            HirKind::Repetition(repetition) => {
                let most = repetition.max.map_or(usize::MAX, |most| most as usize);
                let times = (repetition.min as usize)
                    .saturating_add(self.extra)
                    .min(most);
                (0..times).all(|_| self.write(&repetition.sub, text))
            }
            HirKind::Capture(capture) => self.write(&capture.sub, text),
            HirKind::Concat(parts) => parts.iter().all(|part| self.write(part, text)),
            HirKind::Alternation(branches) => {
                self.write(&branches[self.branch % branches.len()], text)
            }
        }
    }

    /// A letter of a class: a small one if there is one, else a large one, a digit, a sign.
    fn letter(self, class: &Class) -> Option<char> {
        let holds = |letter: char| match class {
            Class::Unicode(class) => {
                let ranges = class.ranges();
                ranges
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(&letter))
            }
            Class::Bytes(class) => {
                let ranges = class.ranges();
                ranges
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(&(letter as u8)))
            }
        };
        for alphabet in [
            ('a', 'z'),
            ('A', 'Z'),
            ('1', '9'),
            ('0', '0'),
            ('!', '~'),
            (' ', ' '),
        ] {
            let letters: Vec<_> = (alphabet.0..=alphabet.1).filter(|it| holds(*it)).collect();
            if !letters.is_empty() {
                return letters.get(self.nth % letters.len()).copied();
            }
        }
        match class {
            Class::Unicode(class) => class.ranges().first().map(|range| range.start()),
            Class::Bytes(_) => None,
        }
    }
}
