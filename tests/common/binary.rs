//! The binary under test, and command lines as test data has them.

use std::{path::Path, process::Command};

/// How a run of opgen ended.
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// Runs opgen in a directory, where nothing of this machine's environment can be seen in its output.
pub fn run(directory: &Path, arguments: &[String]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_opgen"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .output()
        .expect("opgen can be started");
    let text = |bytes| String::from_utf8(bytes).expect("opgen writes UTF-8");
    Outcome {
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        code: output.status.code().expect("opgen was not killed"),
    }
}

/// The words of a line, as a shell would have them: blanks part words, and quotes of either kind hold one together.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    assert!(
        quote.is_none(),
        "`{line}` has a quote without its other half"
    );
    words.extend(word);
    words
}
