//! Names in Rust code.

use super::Version;

/// The module for a name in snake case. What means something else gets an underscore, which no other name ends in:
/// a keyword (`mod.rs` is the file of the module above, so `mod` is one too), a version, a name that is taken.
pub(super) fn module(snake: &str, taken: &[&str]) -> String {
    let is_version = || snake.parse::<Version>().is_ok();
    match snake.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{snake}"),
        _ if is_keyword(snake) || taken.contains(&snake) || is_version() => format!("{snake}_"),
        _ => snake.to_owned(),
    }
}

/// Strict and reserved keywords of the 2024 edition, and the weak ones that cannot name a module (The Rust Reference, "Keywords").
pub(super) fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
        "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
        "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
        "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
        "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    KEYWORDS.contains(&word)
}
