//! Text that must look the same in Markdown as it is.

/// A literal as code that may stand anywhere, a table included.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let plain = !text.contains(['`', '|']) && text.trim() == text && !text.is_empty();
    match plain {
        true => format!("`{text}`"),
        // A bar would end the cell, and what escapes it differs between readers of Markdown.
        false => format!("<code>{}</code>", entities(&text)),
    }
}

/// Takes every meaning from a text that HTML or Markdown would see in it.
fn entities(text: &str) -> String {
    let entity = |letter: char| match "|`<>&*_[]\\~$:".contains(letter) {
        true => format!("&#{};", u32::from(letter)),
        false => letter.to_string(),
    };
    text.chars().map(entity).collect()
}

/// A description, which may use Markdown itself but no HTML, as paragraphs.
pub(super) fn text(description: &str) -> String {
    render(description.trim(), code_as_it_is)
}

/// A description in a cell of a table: one line.
pub(super) fn cell(description: &str) -> String {
    let paragraphs = description.trim().split("\n\n");
    let lines = paragraphs.map(|paragraph| {
        let words: Vec<_> = paragraph.split_whitespace().collect();
        render(&words.join(" "), |_, inner| code(inner.trim())).replace('|', "&#124;")
    });
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("<br>")
}

fn code_as_it_is(fence: &str, inner: &str) -> String {
    format!("{fence}{inner}{fence}")
}

/// Takes the HTML out of a text, but for what is code.
fn render(text: &str, code: impl Fn(&str, &str) -> String) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let (before, from) = rest.split_at(start);
        let fence = &from[..from.len() - from.trim_start_matches('`').len()];
        let behind = &from[fence.len()..];
        rendered += &without_html(before);
        rest = match closing(behind, fence.len()) {
            Some(end) => {
                rendered += &code(fence, &behind[..end]);
                &behind[end + fence.len()..]
            }
            None => {
                rendered += fence;
                behind
            }
        };
    }
    rendered + &without_html(rest)
}

/// Where a run of exactly as many backticks stands.
fn closing(text: &str, length: usize) -> Option<usize> {
    let mut place = 0;
    while let Some(start) = text[place..].find('`') {
        let start = place + start;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == length {
            return Some(start);
        }
        place = start + run;
    }
    None
}

fn without_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A block of YAML, in a fence that nothing in it ends.
pub(super) fn yaml(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}yaml\n{text}{fence}\n")
}

/// A table, with a line for each row; nothing without rows.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    let body: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{body}", line(&head), line(&rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_its_cell_or_is_taken_for_html() {
        for (text, expected) in [
            ("one\ntwo", "one two"),
            ("one\n\ntwo", "one<br>two"),
            ("a | b", "a &#124; b"),
            ("a <b> & c", "a &lt;b&gt; &amp; c"),
            ("`a<b>` and `c", "`a<b>` and `c"),
            ("`a|b`", "<code>a&#124;b</code>"),
            ("``a`b``", "<code>a&#96;b</code>"),
            ("```yaml\na: b\n```", "`yaml a: b`"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }

    #[test]
    fn a_literal_is_code_whatever_is_in_it() {
        for (text, expected) in [
            (r"^\S+$", r"`^\S+$`"),
            ("^(a|b)$", "<code>^(a&#124;b)&#36;</code>"),
            ("", "<code></code>"),
            (" ", "<code> </code>"),
            ("a\nb", "`a b`"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn paragraphs_stay_and_code_in_them_too() {
        assert_eq!(text("a\n\n`x<y>` < b\n"), "a\n\n`x<y>` &lt; b");
    }

    #[test]
    fn a_block_is_longer_than_what_is_in_it() {
        assert_eq!(yaml("a: '```'\n"), "````yaml\na: '```'\n````\n");
    }
}
