//! What was used: recordings and audit logs, line by line, with a bar for large ones.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead as _, BufReader},
};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    problem::{Problem, Problems},
    rbac::{
        Account,
        usage::{AuditLog, Recording},
    },
    shell::Shell,
};

/// Where the requests of an operator stand.
pub(super) struct Used {
    /// The directory that paths are relative to, as the user gave them.
    pub(super) directory: Utf8PathBuf,
    pub(super) recordings: Vec<Utf8PathBuf>,
    pub(super) audit_logs: Vec<Utf8PathBuf>,
    /// The account whose requests of an audit log count.
    pub(super) account: Option<Account>,
}

impl Used {
    /// Hands over every line.
    ///
    /// # Errors
    /// Files that cannot be read, lines that are none, files without any request, and what `take` refuses.
    pub(super) fn read(
        &self,
        shell: &Shell,
        take: &mut dyn FnMut(&Recording) -> Result<(), Problem>,
    ) -> anyhow::Result<()> {
        for path in &self.recordings {
            let mut requests = 0_u64;
            self.lines(path, shell, &mut |line| {
                let line = Recording::read(line)?;
                requests += u64::from(matches!(line, Recording::Request(_)));
                take(&line)
            })?;
            if requests == 0 {
                let problem = Problem::new(format!("no request in `{path}`"));
                let help = "start the operator with `--rbac-recording FILE`, and let it do all that it can";
                return Err(Problems::from(problem.help(help)).into());
            }
        }
        for path in &self.audit_logs {
            self.read_audit_log(path, shell, take)?;
        }
        Ok(())
    }

    fn read_audit_log(
        &self,
        path: &Utf8Path,
        shell: &Shell,
        take: &mut dyn FnMut(&Recording) -> Result<(), Problem>,
    ) -> anyhow::Result<()> {
        let Some(Account { name, namespace }) = &self.account else {
            let problem = Problem::new(format!("whose requests of `{path}` are the operator's?"))
                .help("name its account: `--account NAMESPACE/NAME`");
            return Err(Problems::from(problem).into());
        };
        let user = format!("system:serviceaccount:{namespace}:{name}");
        let mut log = AuditLog::default();
        let mut requests = 0_u64;
        let mut others = BTreeSet::new();
        self.lines(path, shell, &mut |line| {
            let Some(audited) = log.read(line)? else {
                return Ok(());
            };
            if audited.user != user {
                const SHOWN: usize = 5;
                if others.len() < SHOWN && audited.user.starts_with("system:serviceaccount:") {
                    others.insert(audited.user);
                }
                return Ok(());
            }
            requests += 1;
            take(&Recording::Request(audited.request))
        })?;
        if requests > 0 {
            return Ok(());
        }
        let others: Vec<_> = others.iter().map(|user| format!("`{user}`")).collect();
        let help = match others.as_slice() {
            [] => "name the operator's account with `--account NAMESPACE/NAME`, and log its requests: level Metadata is enough".to_owned(),
            some => format!("name another account with `--account NAMESPACE/NAME`: there are requests of {}", some.join(", ")),
        };
        let problem = Problem::new(format!("no request of `{user}` in `{path}`")).help(help);
        Err(Problems::from(problem).into())
    }

    /// Reads a file line by line. A last line that was cut short is left out, and said so.
    fn lines(
        &self,
        path: &Utf8Path,
        shell: &Shell,
        take: &mut dyn FnMut(&str) -> Result<(), Problem>,
    ) -> anyhow::Result<()> {
        let failed = || format!("failed to read `{path}`");
        let file = File::open(self.directory.join(path)).map_err(|error| {
            let problem = Problem::new(format!("failed to read `{path}`: {error}"));
            Problems::from(
                problem.help("name a file that an operator or an API server has written"),
            )
        })?;
        let bar = bar(file.metadata().with_context(failed)?.len(), shell);
        let mut reader = BufReader::new(bar.wrap_read(file));
        let mut line = Vec::new();
        let mut number = 0_u64;
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).with_context(failed)? == 0 {
                break;
            }
            number += 1;
            let whole = line.last() == Some(&b'\n');
            let text = String::from_utf8_lossy(&line);
            if text.trim().is_empty() {
                continue;
            }
            if let Err(problem) = take(text.trim()) {
                if !whole {
                    shell.warning(&format!(
                        "`{path}` ends within line {number}, which is left out"
                    ));
                    break;
                }
                let message = format!("{} in `{path}:{number}`", problem.message);
                return Err(Problems::from(Problem { message, ..problem }).into());
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

fn bar(bytes: u64, shell: &Shell) -> ProgressBar {
    if !shell.draws_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    match ProgressStyle::with_template("reading {bytes}/{total_bytes} [{wide_bar}] {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Color, Verbosity};

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test fills a directory of its own"
    )]
    fn a_line_that_was_cut_short_is_left_out_at_the_end_alone() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8PathBuf::try_from(directory.path().to_owned()).unwrap();
        std::fs::create_dir_all(&directory).unwrap();
        let used = Used {
            directory: directory.clone(),
            recordings: vec!["run.jsonl".into()],
            audit_logs: Vec::new(),
            account: None,
        };
        let shell = Shell::new(Verbosity::Quiet, Color::Never);
        let read = |text: &str| {
            std::fs::write(directory.join("run.jsonl"), text).unwrap();
            let mut lines = 0;
            let result = used.read(&shell, &mut |_| {
                lines += 1;
                Ok(())
            });
            result.map(|()| lines).map_err(|error| error.to_string())
        };
        let line = r#"{"verb":"get","resource":"pods","code":200}"#;
        assert_eq!(read(&format!("{line}\n{line}\n")), Ok(2));
        assert_eq!(
            read(&format!("{line}\n{line}")),
            Ok(2),
            "whole, if not ended"
        );
        assert_eq!(read(&format!("{line}\n{}", &line[..20])), Ok(1));
        let cut = format!("{line}\n{}\n{line}\n", &line[..20]);
        assert_eq!(
            read(&cut),
            Err("no line of a recording in `run.jsonl:2`".to_owned())
        );
    }
}
