//! Names in Rust and in JSON.

/// Whether serde may write the Rust name as the JSON name, in whatever case: `pull_policy` is `pullPolicy`.
pub(super) fn same(rust: &str, json: &str) -> bool {
    fold(rust).eq(fold(json))
}

fn fold(name: &str) -> impl Iterator<Item = char> {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-'));
    letters.flat_map(char::to_lowercase)
}

/// The module of a file below a `src`: `api/src/apps/v1/my_app.rs` is `apps::v1::my_app`.
pub(super) fn module(path: &camino::Utf8Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_str()).collect();
    let below = parts.iter().position(|part| *part == "src");
    let mut parts = parts[below.map_or(0, |index| index + 1)..].to_vec();
    if let Some(last) = parts.pop() {
        let last = last.strip_suffix(".rs").unwrap_or(last);
        if !matches!(last, "mod" | "lib" | "main") {
            parts.push(last);
        }
    }
    parts.join("::")
}
