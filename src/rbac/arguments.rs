//! The grammar of a marker's arguments: `key=value,key=a;b,key={a,b} because REASON`, with bare, `"quoted"` and raw
//! strings.

use super::comment::Reader;
use crate::problem::did_you_mean;

/// Every key of an RBAC comment.
pub(super) const KEYS: &[&str] = &[
    "groups",
    "resources",
    "resourceNames",
    "urls",
    "verbs",
    "namespace",
    "roleName",
];

/// The keys that take one value instead of a list.
const SINGLE: &[&str] = &["namespace", "roleName"];

/// What the arguments say, before anything is known about its sense.
#[derive(Default)]
pub(super) struct Arguments {
    /// In the order of the comment; a repeated key is here once.
    pub(super) list: Vec<Argument>,
    /// What stands behind `because`, on one line.
    pub(super) reason: Option<String>,
    /// Whether parts were unreadable, so that a missing key may be one of them.
    pub(super) broken: bool,
}

pub(super) struct Argument {
    pub(super) key: String,
    /// Byte offset of the key.
    pub(super) offset: usize,
    /// Byte offset of what stands behind its `=`.
    pub(super) value: usize,
    pub(super) items: Vec<Item>,
}

#[derive(Clone)]
pub(super) struct Item {
    pub(super) text: String,
    /// Byte offset of the item.
    pub(super) offset: usize,
}

impl Arguments {
    pub(super) fn get(&self, key: &str) -> Option<&Argument> {
        self.list.iter().find(|argument| argument.key == key)
    }

    pub(super) fn items(&self, key: &str) -> &[Item] {
        self.get(key).map_or(&[], |argument| &argument.items)
    }
}

/// Reads what can be read, and reports the rest.
pub(super) fn parse(reader: &mut Reader<'_>) -> Arguments {
    let whole = reader.marker.arguments.as_str();
    let because = because(whole);
    let source = whole[..because.unwrap_or(whole.len())].trim_end();
    let reason = because.and_then(|offset| reason(whole, offset, reader));
    let mut parser = Parser {
        source,
        position: 0,
        reader,
        broken: false,
    };
    let mut list: Vec<Argument> = Vec::new();
    parser.skip_space();
    while parser.position < source.len() {
        if let Some(argument) = parser.argument() {
            let key = &argument.key;
            if list.iter().any(|earlier| earlier.key == *key) {
                parser.refuse(
                    argument.offset,
                    format!("repeated key `{key}`"),
                    "put all items into one list",
                );
            } else {
                list.push(argument);
            }
        }
        parser.skip_space();
        if parser.position < source.len() {
            parser.comma();
        }
    }
    let broken = parser.broken;
    Arguments {
        list,
        reason,
        broken,
    }
}

/// Where the word `because` begins that ends the rule: the first outside of strings, which begin where an item does.
fn because(text: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    let mut before = ' ';
    let mut fresh = true;
    while let Some((index, next)) = rest.next() {
        if fresh && matches!(next, '"' | '`') {
            while let Some((_, within)) = rest.next() {
                match within {
                    '\\' if next == '"' => drop(rest.next()),
                    _ if within == next => break,
                    _ => {}
                }
            }
        }
        let after = text[index..].strip_prefix("because");
        if before.is_whitespace()
            && after.is_some_and(|it| it.is_empty() || it.starts_with(char::is_whitespace))
        {
            return Some(index);
        }
        fresh = matches!(next, '=' | ';' | ',' | '{') || (fresh && next.is_whitespace());
        before = next;
    }
    None
}

/// The reason behind a `because`. It goes into YAML as a comment, so nothing in it may end a line there.
fn reason(text: &str, because: usize, reader: &mut Reader<'_>) -> Option<String> {
    let words = text[because + "because".len()..].split(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    });
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if reader.marker.prefix != "+opgen:" {
        let help = "write `+opgen:rbac:…`, which takes one: Kubebuilder does not";
        reader.refuse_at(because, "reason behind a `+kubebuilder` marker", help);
    } else if words.is_empty() {
        let help = "say why the operator needs this, or leave the word out";
        reader.refuse_at(because, "`because` without a reason", help);
    }
    (!words.is_empty()).then(|| words.join(" "))
}

struct Parser<'a, 'b> {
    source: &'a str,
    position: usize,
    reader: &'b mut Reader<'a>,
    broken: bool,
}

impl<'a> Parser<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.position = self.source.len() - self.rest().trim_start().len();
    }

    fn skip(&mut self, expected: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(expected);
        if found {
            self.position += expected.len_utf8();
        }
        found
    }

    fn refuse(&mut self, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        self.broken = true;
        self.reader.refuse_at(offset, message, help);
    }

    /// Takes text up to one of the delimiters, without the spaces at its end.
    fn bare(&mut self, delimiters: &[char]) -> &'a str {
        let rest = self.rest();
        let end = rest.find(delimiters).unwrap_or(rest.len());
        self.position += end;
        rest[..end].trim_end()
    }

    /// The comma between two arguments.
    fn comma(&mut self) {
        let offset = self.position;
        if !self.skip(',') {
            let junk = self.bare(&[',']);
            self.refuse(
                offset,
                format!("expected `,` before `{junk}`"),
                "separate keys with `,` and items with `;`",
            );
            if !self.skip(',') {
                return;
            }
        }
        let comma = self.position.saturating_sub(1);
        self.skip_space();
        if self.position == self.source.len() {
            self.refuse(comma, "stray `,` at the end", "remove it");
        }
    }

    fn argument(&mut self) -> Option<Argument> {
        let offset = self.position;
        let key = self.bare(&['=', ',']).to_owned();
        if key.is_empty() && self.peek() == Some(',') {
            self.refuse(offset, "stray `,`", "remove it");
            return None;
        }
        if self.peek() != Some('=') {
            let message = format!("expected `key=value` instead of `{key}`");
            self.refuse(
                offset,
                message,
                "separate the items of a list with `;`, such as `verbs=get;list`",
            );
            return None;
        }
        self.position += 1;
        let known = KEYS.contains(&key.as_str());
        if !known {
            let help = match did_you_mean(&key, KEYS.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the keys are `{}`", KEYS.join("`, `")),
            };
            self.refuse(offset, format!("unknown key `{key}`"), help);
        }
        self.skip_space();
        let value = self.position;
        let items = self.value(&key, known);
        known.then_some(Argument {
            key,
            offset,
            value,
            items,
        })
    }

    fn value(&mut self, key: &str, known: bool) -> Vec<Item> {
        let start = self.position;
        let items = if self.skip('{') {
            self.braces(key)
        } else {
            self.semicolons(key)
        };
        // `namespace=""` is a value, and so is `groups=""`: what they may be is decided where their sense is known.
        if known && SINGLE.contains(&key) && items.len() > 1 {
            self.refuse(
                start,
                format!("more than one value for `{key}`"),
                "write one comment for each",
            );
        }
        items
    }

    /// `a;b`
    fn semicolons(&mut self, key: &str) -> Vec<Item> {
        let mut items = Vec::new();
        loop {
            items.extend(self.item(key, &[',', ';']));
            if !self.skip(';') {
                return items;
            }
        }
    }

    /// `a,b}`
    fn braces(&mut self, key: &str) -> Vec<Item> {
        let open = self.position - 1;
        let mut items = Vec::new();
        loop {
            items.extend(self.item(key, &[',', ';', '}']));
            if self.skip('}') {
                return items;
            }
            let separator = self.position;
            if self.skip(',') {
                continue;
            }
            if self.skip(';') {
                self.refuse(
                    separator,
                    "`;` between braces",
                    "separate items in braces with `,`, or leave the braces out",
                );
                continue;
            }
            self.refuse(open, "`{` without `}`", "close the list with `}`");
            self.position = self.source.len();
            return items;
        }
    }

    fn item(&mut self, key: &str, delimiters: &[char]) -> Option<Item> {
        self.skip_space();
        let offset = self.position;
        let text = match self.peek() {
            Some(quote @ ('"' | '`')) => {
                let text = self.quoted(quote)?;
                self.skip_space();
                let junk = self.position;
                let trailing = self.bare(delimiters);
                if !trailing.is_empty() {
                    let message = format!("unexpected `{trailing}` after a string");
                    self.refuse(junk, message, "separate items with `;` and keys with `,`");
                    return None;
                }
                text
            }
            _ => {
                let text = self.bare(delimiters);
                if text.is_empty() {
                    let help = match key {
                        "groups" => "the core group is `core` or `\"\"`",
                        "namespace" => {
                            "leave the key out, or write `namespace=\"\"` for the whole cluster"
                        }
                        _ => "remove the separator, or name the item",
                    };
                    self.refuse(offset, format!("empty item in `{key}`"), help);
                    return None;
                }
                if let Some(comment) = text
                    .find("//")
                    .filter(|index| *index == 0 || text[..*index].ends_with(' '))
                {
                    let help =
                        "give a reason behind `because`, or put the comment on a line of its own";
                    self.refuse(offset + comment, "comment behind a rule", help);
                    self.position = self.source.len();
                    return None;
                }
                if text.starts_with('\'') {
                    let message = format!("`'` around `{}`", text.trim_matches('\''));
                    self.refuse(offset, message, "use double quotes");
                    return None;
                }
                text.to_owned()
            }
        };
        Some(Item { text, offset })
    }

    /// A string that begins here; `None` after the problem is reported.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let start = self.position;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((index, next)) = characters.next() {
            match next {
                '\\' if quote == '"' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => {
                        let message = format!("unknown escape `\\{other}`");
                        self.refuse(start + index, message, "only `\\\"` and `\\\\` are escapes");
                    }
                    None => {}
                },
                _ if next == quote => {
                    self.position = start + index + quote.len_utf8();
                    return Some(text);
                }
                _ => text.push(next),
            }
        }
        self.position = self.source.len();
        self.refuse(
            start,
            format!("unterminated string `{}`", &self.source[start..]),
            format!("close it with {quote}"),
        );
        None
    }
}
