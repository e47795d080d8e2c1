//! Long lines of Rust, broken as rustfmt breaks them.
//!
//! Templates have a signature on one line, and names decide whether it fits. Other code is written so that no name
//! reaches the limit.

/// rustfmt's `max_width`, in columns.
const WIDTH: usize = 100;

/// Breaks each line that is too long and of a shape that names can lengthen.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(|line| if line.chars().count() > WIDTH { wrap(line) } else { line.to_owned() } + "\n").collect()
}

fn wrap(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let code = line.trim_start();
    let function = ["fn ", "pub fn ", "async fn ", "pub async fn "]
        .iter()
        .any(|start| code.starts_with(start));
    if function && code.ends_with('{') {
        wrap_signature(indent, code)
    } else if (code.starts_with("let ") || code.starts_with("const ")) && code.contains(" = ") {
        wrap_assignment(indent, code)
    } else if code.ends_with(");") {
        wrap_call(indent, code)
    } else {
        line.to_owned()
    }
}

/// The value on a line of its own, if it fits there.
fn wrap_assignment(indent: &str, code: &str) -> String {
    match code.split_once(" = ") {
        Some((pattern, value)) if indent.len() + 4 + value.chars().count() <= WIDTH => {
            format!("{indent}{pattern} =\n{indent}    {value}")
        }
        _ => format!("{indent}{code}"),
    }
}

/// One argument a line; where even the function's path is too long, its type on a line instead.
fn wrap_call(indent: &str, code: &str) -> String {
    let Some((path, arguments)) = code.trim_end_matches(");").split_once('(') else {
        return format!("{indent}{code}");
    };
    if indent.len() + path.chars().count() > WIDTH + 1
        && let Some((name, of)) = path.trim_end_matches('>').split_once("::<")
    {
        return format!("{indent}{name}::<\n{indent}    {of},\n{indent}>({arguments});");
    }
    let arguments = arguments
        .split(", ")
        .map(|argument| format!("{indent}    {argument},\n"));
    format!(
        "{indent}{path}(\n{}{indent});",
        arguments.collect::<String>()
    )
}

/// One parameter a line.
fn wrap_signature(indent: &str, code: &str) -> String {
    let (Some(open), Some(close)) = (
        code.find('('),
        code.rfind(") ->").or_else(|| code.rfind(") {")),
    ) else {
        return format!("{indent}{code}");
    };
    let parameters = code[open + 1..close]
        .split(", ")
        .map(|parameter| format!("{indent}    {parameter},\n"));
    format!(
        "{indent}{}(\n{}{indent}{}",
        &code[..open],
        parameters.collect::<String>(),
        &code[close..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_stays_and_a_long_one_is_broken() {
        let name = "N".repeat(40);
        for (line, wrapped) in [
            ("fn short() {".to_owned(), "fn short() {".to_owned()),
            (
                format!(
                    "pub async fn reconcile(object: Arc<{name}>, context: Arc<Context>) -> Result<Action> {{"
                ),
                format!(
                    "pub async fn reconcile(\n    object: Arc<{name}>,\n    context: Arc<Context>,\n) -> Result<Action> {{"
                ),
            ),
            (
                format!("const PATH: &str = \"{name}{name}\";"),
                format!("const PATH: &str =\n    \"{name}{name}\";"),
            ),
            (
                format!("const PATH: &str = \"{name}{name}{name}\";"),
                format!("const PATH: &str = \"{name}{name}{name}\";"),
            ),
            (
                format!("    controller::{name}::{name}::register(manager);"),
                format!("    controller::{name}::{name}::register(\n        manager,\n    );"),
            ),
            (
                format!("    add::<api::{name}::{name}::{name}>(&mut kinds);"),
                format!("    add::<\n        api::{name}::{name}::{name},\n    >(&mut kinds);"),
            ),
        ] {
            assert_eq!(lines(&line), wrapped + "\n");
        }
    }
}
