//! The grammar of a marker's arguments: `key=value,key=a;b,key={a,b}`, with bare, `"quoted"` and raw strings.

use super::Reader;
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
    /// Whether parts were unreadable, so that a missing key may be one of them.
    pub(super) broken: bool,
}

pub(super) struct Argument {
    pub(super) key: String,
    /// Byte offset of the key.
    pub(super) offset: usize,
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
    let source = reader.marker.arguments.as_str();
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
    Arguments { list, broken }
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
        let items = self.value(&key, known);
        known.then_some(Argument { key, offset, items })
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
                    let help = "put the comment on a line of its own";
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
