//! Tells the comments of a Rust source from its literals.

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Line,
    Block,
    Documentation,
    /// No comment, though its lines may look like one.
    Literal,
}

/// A comment or a string literal.
pub(super) struct Comment<'a> {
    pub(super) kind: Kind,
    /// Byte offset of `text` in the source.
    start: usize,
    /// What stands behind the opening `//`, `/*` or quote.
    text: &'a str,
    /// Whether asterisks may decorate its lines.
    starred: bool,
}

impl<'a> Comment<'a> {
    /// The comment's lines and their byte offsets, without the spaces and asterisks that only decorate.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let starred = self.starred;
        let mut start = self.start;
        self.text.split('\n').map(move |line| {
            let offset = start;
            start += line.len() + 1;
            let text = line.trim_start_matches(|c: char| {
                c.is_whitespace() || (starred && matches!(c, '*' | '!'))
            });
            (offset + line.len() - text.len(), text.trim_end())
        })
    }
}

/// The comments and string literals of a Rust source. Knows just enough of the language to tell them apart.
pub(super) struct Comments<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Comments<'a> {
    pub(super) fn of(source: &'a str) -> Self {
        let mut comments = Self {
            source,
            position: 0,
        };
        comments.skip_str("\u{feff}");
        // A script's first line may name paths with `//`; `#![…]` is an attribute.
        if comments
            .rest()
            .strip_prefix("#!")
            .is_some_and(|rest| !rest.trim_start().starts_with('['))
        {
            comments.pass_while(|c| c != '\n');
        }
        comments
    }

    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn skip_str(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.position += text.len();
        }
        found
    }

    fn pass_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    fn line_comment(&mut self) -> Comment<'a> {
        let start = self.position;
        let text = self.pass_while(|c| c != '\n');
        // Four slashes are an ordinary comment again.
        let kind = match text.as_bytes() {
            [b'/', b'/', ..] => Kind::Line,
            [b'/' | b'!', ..] => Kind::Documentation,
            _ => Kind::Line,
        };
        // The third character of a doc comment belongs to its opening.
        let opening = usize::from(kind == Kind::Documentation);
        Comment {
            kind,
            start: start + opening,
            text: &text[opening..],
            starred: false,
        }
    }

    fn block_comment(&mut self) -> Comment<'a> {
        let start = self.position;
        let mut depth = 1;
        let mut end = self.source.len();
        while self.peek().is_some() {
            let here = self.position;
            if self.skip_str("/*") {
                depth += 1;
            } else if self.skip_str("*/") {
                depth -= 1;
                if depth == 0 {
                    end = here;
                    break;
                }
            } else {
                self.bump();
            }
        }
        let text = &self.source[start..end];
        let kind = match text.as_bytes() {
            [b'*', b'*', ..] => Kind::Block,
            [b'*' | b'!', ..] => Kind::Documentation,
            _ => Kind::Block,
        };
        Comment {
            kind,
            start,
            text,
            starred: true,
        }
    }

    /// What stands behind an opening double quote.
    fn string(&mut self) -> Comment<'a> {
        let start = self.position;
        while let Some(next) = self.bump() {
            match next {
                '\\' => drop(self.bump()),
                '"' => break,
                _ => {}
            }
        }
        self.literal(start)
    }

    /// What stands behind an opening double quote of a raw string.
    fn raw_string(&mut self, hashes: &str) -> Comment<'a> {
        let start = self.position;
        while let Some(next) = self.bump() {
            if next == '"' && self.skip_str(hashes) {
                break;
            }
        }
        self.literal(start)
    }

    /// What has been passed, closing quotes included: no line of interest ends with one.
    fn literal(&self, start: usize) -> Comment<'a> {
        Comment {
            kind: Kind::Literal,
            start,
            text: &self.source[start..self.position],
            starred: false,
        }
    }

    /// Skips a character literal or a lifetime behind its quote.
    fn quote(&mut self) {
        let mut ahead = self.rest().chars();
        match (ahead.next(), ahead.next()) {
            (Some('\\'), _) => {
                self.bump();
                if self.peek() != Some('\n') {
                    self.bump();
                }
                // `'\u{1f600}'` is longer than one character; without an end, the line ends it.
                self.pass_while(|c| c != '\'' && c != '\n');
                self.skip_str("'");
            }
            (Some(_), Some('\'')) => {
                self.bump();
                self.bump();
            }
            _ => drop(self.pass_while(is_word)),
        }
    }

    /// Skips an identifier or number; what stands in the raw string that it is the prefix of.
    fn word(&mut self) -> Option<Comment<'a>> {
        let word = self.pass_while(is_word);
        if matches!(word, "r" | "br" | "cr") {
            let before = self.position;
            let hashes = self.pass_while(|c| c == '#');
            if self.skip_str("\"") {
                return Some(self.raw_string(hashes));
            }
            // A raw identifier, `r#type`.
            self.position = before + hashes.len();
        }
        None
    }
}

impl<'a> Iterator for Comments<'a> {
    type Item = Comment<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.skip_str("//") {
                return Some(self.line_comment());
            }
            if self.skip_str("/*") {
                return Some(self.block_comment());
            }
            match self.peek()? {
                '"' => {
                    self.bump();
                    return Some(self.string());
                }
                '\'' => {
                    self.bump();
                    self.quote();
                }
                next if is_word(next) => {
                    if let Some(literal) = self.word() {
                        return Some(literal);
                    }
                }
                _ => drop(self.bump()),
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The byte offsets at which the lines of a source begin.
pub(super) struct LineStarts(Vec<usize>);

impl LineStarts {
    pub(super) fn of(source: &str) -> Self {
        let first = if source.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self(
            std::iter::once(first)
                .chain(source.match_indices('\n').map(|(index, _)| index + 1))
                .collect(),
        )
    }

    /// Whether nothing but space stands before a byte offset on its line.
    pub(super) fn begins(&self, source: &str, offset: usize) -> bool {
        let line = self.0.partition_point(|start| *start <= offset).max(1);
        let start = self.0[line - 1].min(offset);
        source[start..offset].trim().is_empty()
    }

    /// Line and column, in characters, of a byte offset; both from 1.
    pub(super) fn position(&self, source: &str, offset: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= offset).max(1);
        let start = self.0[line - 1].min(offset);
        (line, source[start..offset].chars().count() + 1)
    }
}
