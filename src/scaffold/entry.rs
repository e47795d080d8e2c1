//! Entries: one line each that must stand in a sorted list of a user's file, such as `pub mod my_app;`.
//!
//! There are no markers to lose. A module is found by its name, whatever stands around it, and a new one
//! is put where rustfmt would sort it.

/// Adds each entry that is not there yet, and nothing else.
pub fn insert(text: &str, entries: &[String]) -> String {
    entries
        .iter()
        .fold(text.to_owned(), |text, entry| insert_one(&text, entry))
}

/// The text as it was before [`insert`] has put the entries into it.
pub fn remove(text: &str, entries: &[String]) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for entry in entries {
        let Some(at) = lines.iter().position(|line| line == entry) else {
            continue;
        };
        lines.remove(at);
        // The blank line between a file's header and its first entry.
        let blank = |line: Option<&&str>| line.is_none_or(|line| line.is_empty());
        if at > 0 && lines[at - 1].is_empty() && blank(lines.get(at)) {
            lines.remove(at - 1);
        }
    }
    lines.join("\n") + "\n"
}

fn insert_one(text: &str, entry: &str) -> String {
    let Some(name) = module_name(entry) else {
        unreachable!("entry `{entry}` declares no module")
    };
    let code = code_lines(text);
    let modules: Vec<(usize, &str)> = code
        .iter()
        .enumerate()
        .filter_map(|(line, text)| Some((line, module_name(text)?)))
        .collect();
    if modules.iter().any(|(_, known)| *known == name) {
        return text.to_owned();
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<&str> = text.lines().collect();
    // Modules with a body are no part of the list that rustfmt sorts.
    let listed = || {
        modules
            .iter()
            .filter(|(line, _)| code[*line].trim_end().ends_with(';'))
    };
    let before = listed().find(|(_, known)| name < *known);
    match (before, listed().next_back()) {
        (Some((line, _)), _) => lines.insert(start_of_item(&lines, *line), entry),
        (None, Some((line, _))) => lines.insert(line + 1, entry),
        (None, None) => {
            let at = end_of_header(&lines);
            let follows = lines.get(at).is_some_and(|line| !line.trim().is_empty());
            if follows {
                lines.insert(at, "");
            }
            lines.insert(at, entry);
            if at > 0 && !lines[at - 1].trim().is_empty() {
                lines.insert(at, "");
            }
        }
    }
    lines.join(newline) + newline
}

/// The module that a line declares: `x` for `pub(crate) mod x;` and for `#[cfg(test)] mod x { … }`.
pub fn module_name(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    while let Some(after) = rest.strip_prefix("#[") {
        rest = after.split_once(']')?.1.trim_start();
    }
    if let Some(after) = rest.strip_prefix("pub") {
        rest = match after.strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1,
            None => after,
        };
    }
    let name = rest.trim_start().strip_prefix("mod ")?.trim_start();
    let name = name.strip_prefix("r#").unwrap_or(name);
    let end = name.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))?;
    let tail = name[end..].trim_start();
    (end > 0 && (tail.starts_with(';') || tail.starts_with('{'))).then_some(&name[..end])
}

/// The lines of a file without comments, and empty inside of braces: what is left declares things at the top level.
fn code_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut comment, mut depth) = (0_usize, 0_usize);
    for line in text.lines() {
        let mut code = String::new();
        let mut letters = line.chars().peekable();
        let mut quoted = false;
        while let Some(letter) = letters.next() {
            let next = letters.peek().copied();
            match (letter, next) {
                ('/', Some('*')) if !quoted => {
                    comment += 1;
                    letters.next();
                }
                ('*', Some('/')) if comment > 0 => {
                    comment -= 1;
                    letters.next();
                }
                _ if comment > 0 => {}
                ('\\', Some(_)) if quoted => {
                    letters.next();
                }
                ('"', _) => quoted = !quoted,
                _ if quoted => {}
                ('/', Some('/')) => break,
                ('{', _) => {
                    if depth == 0 {
                        code.push('{');
                    }
                    depth += 1;
                }
                ('}', _) => depth = depth.saturating_sub(1),
                _ if depth == 0 => code.push(letter),
                _ => {}
            }
        }
        lines.push(code);
    }
    lines
}

/// The first line of an item: its attributes and comments stand above it.
fn start_of_item(lines: &[&str], mut line: usize) -> usize {
    let belongs =
        |text: &str| text.starts_with("#[") || (text.starts_with("//") && !text.starts_with("//!"));
    while line > 0 && belongs(lines[line - 1].trim_start()) {
        line -= 1;
    }
    line
}

/// The line behind a file's own documentation and attributes.
fn end_of_header(lines: &[&str]) -> usize {
    let header = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("//!") || line.starts_with("#![") || line.starts_with("//")
    };
    lines.iter().take_while(header).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(text: &str, name: &str) -> String {
        insert(text, &[format!("pub mod {name};")])
    }

    #[test]
    fn an_entry_is_put_at_its_sorted_place() {
        for (text, name, result) in [
            ("//! Doc.\n", "a", "//! Doc.\n\npub mod a;\n"),
            ("", "a", "pub mod a;\n"),
            (
                "pub mod a;\npub mod c;\n",
                "b",
                "pub mod a;\npub mod b;\npub mod c;\n",
            ),
            ("pub mod a;\n", "b", "pub mod a;\npub mod b;\n"),
            (
                "pub mod v1;\npub mod v2;\n",
                "v10",
                "pub mod v1;\npub mod v10;\npub mod v2;\n",
            ),
            (
                "mod a;\n\nuse x::y;\n",
                "b",
                "mod a;\npub mod b;\n\nuse x::y;\n",
            ),
            (
                "//! Doc.\n\nuse x::y;\n",
                "b",
                "//! Doc.\n\npub mod b;\n\nuse x::y;\n",
            ),
            (
                "/// Of c.\n#[cfg(test)]\nmod c;\n",
                "b",
                "pub mod b;\n/// Of c.\n#[cfg(test)]\nmod c;\n",
            ),
            (
                "mod a {\n    mod z;\n}\n",
                "b",
                "pub mod b;\n\nmod a {\n    mod z;\n}\n",
            ),
            ("pub mod a;\r\n", "b", "pub mod a;\r\npub mod b;\r\n"),
        ] {
            assert_eq!(inserted(text, name), result, "{name} into {text:?}");
        }
    }

    #[test]
    fn what_was_inserted_can_be_removed() {
        for text in [
            "//! Doc.\n",
            "//! Doc.\n\nuse x::y;\n",
            "pub mod b;\n",
            "pub mod b;\n\nuse x::y;\n",
            "//! Doc.\n\npub mod b;\npub mod d;\n",
        ] {
            for name in ["a", "c", "e"] {
                let entries = [format!("pub mod {name};")];
                assert_eq!(remove(&insert(text, &entries), &entries), text);
            }
        }
    }

    #[test]
    fn an_entry_is_found_whatever_stands_around_it() {
        for text in [
            "pub mod a;\n",
            "mod a;\n",
            "pub(crate) mod a; // ours\n",
            "#[cfg(feature = \"x\")] pub mod a;\n",
            "  pub  mod a ;\n",
            "pub mod a {\n}\n",
            "/* x */ mod a;\n",
            "mod b;\nmod a;\n",
        ] {
            assert_eq!(inserted(text, "a"), text);
        }
    }

    #[test]
    fn what_looks_like_an_entry_and_is_none_does_not_count() {
        for text in [
            "// pub mod a;\n",
            "/*\npub mod a;\n*/\n",
            "mod b {\n    pub mod a;\n}\n",
            "const X: &str = \"mod a;\";\n",
            "pub mod ab;\n",
        ] {
            assert!(
                inserted(text, "a").lines().any(|line| line == "pub mod a;"),
                "{text:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn inserting_twice_is_inserting_once(lines in proptest::collection::vec("(pub mod [a-d][0-9]?;|// [a-z ]*|mod x \\{|\\}|/\\*|\\*/|use a::b;|\"|#\\[cfg\\(test\\)\\]|)", 0..12), name in "[a-d][0-9]?") {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let once = inserted(&text, &name);
            if !text.contains("/*") && !text.contains('{') && !text.contains('"') {
                proptest::prop_assert_eq!(&inserted(&once, &name), &once);
            }
            for line in text.lines() {
                proptest::prop_assert!(once.lines().any(|kept| kept == line));
            }
        }
    }
}
