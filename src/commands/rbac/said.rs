//! How a report is said: a table for people, JSON for programs, annotations for GitHub.

use serde::Serialize;

use crate::{
    cli::RbacOutput,
    rbac::{
        fix::Advice,
        verify::{Controller, Line, Report, State},
    },
    shell::{Shell, Tone},
};

/// Prints a report. `advice` says what to do about a line.
pub(super) fn say(
    report: &Report,
    output: RbacOutput,
    advice: &dyn Fn(&Line) -> Option<Advice>,
    shell: &Shell,
) -> anyhow::Result<()> {
    match output {
        RbacOutput::Json => shell.data(&json(report, advice)?),
        RbacOutput::Github => report
            .lines
            .iter()
            .for_each(|line| annotate(line, advice, shell)),
        RbacOutput::Human if shell.is_quiet() => {}
        RbacOutput::Human => table(report, shell),
    }
    Ok(())
}

/// The permissions, the gravest first, and what the controllers did.
fn table(report: &Report, shell: &Shell) {
    let rows: Vec<_> = report.lines.iter().map(row).collect();
    let heading = ["PERMISSION", "REQUESTS", "GRANTED BY"].map(ToOwned::to_owned);
    let widths = widths(std::iter::once(&heading).chain(&rows));
    shell.report(
        Tone::Plain,
        &format!("{:<8} {}", "", cells(&heading, &widths)),
        "",
    );
    for (line, row) in report.lines.iter().zip(&rows) {
        let tone = match line.state {
            State::Missing | State::Contradicted => Tone::Bad,
            State::Unused | State::Wider => Tone::Doubtful,
            State::Implied => Tone::Plain,
            State::Used => Tone::Good,
        };
        let text = format!(" {}{}", cells(row, &widths), note(&line.note));
        shell.report(
            tone,
            &format!("{:<8}", line.state.as_str()),
            text.trim_end(),
        );
    }
    if report.controllers.is_empty() {
        return;
    }
    shell.data("\n");
    let heading = [
        "CONTROLLER",
        "RECONCILED",
        "REPAIRED",
        "CLEANED UP",
        "FAILED",
    ]
    .map(ToOwned::to_owned);
    let rows: Vec<_> = report.controllers.iter().map(counts).collect();
    let widths = self::widths(std::iter::once(&heading).chain(&rows));
    shell.report(Tone::Plain, &cells(&heading, &widths), "");
    for row in &rows {
        shell.data(&format!("{}\n", cells(row, &widths)));
    }
}

fn row(line: &Line) -> [String; 3] {
    let source = line.source().map_or("-".to_owned(), ToString::to_string);
    let permission = format!("{} {}", line.need.verb, line.need.target);
    [permission, line.requests.to_string(), source]
}

fn counts(controller: &Controller) -> [String; 5] {
    let numbers = [
        controller.reconciled,
        controller.repaired,
        controller.cleaned_up,
        controller.failed,
    ];
    let [reconciled, repaired, cleaned_up, failed] = numbers.map(|number| number.to_string());
    [
        controller.name.clone(),
        reconciled,
        repaired,
        cleaned_up,
        failed,
    ]
}

fn note(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!("  {note}")
    }
}

fn widths<'a, const N: usize>(rows: impl Iterator<Item = &'a [String; N]>) -> [usize; N] {
    rows.fold([0; N], |mut widest, row| {
        for (width, cell) in widest.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
        widest
    })
}

/// The cells of a row; numbers stand at the right.
fn cells<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let cell = |(cell, width): (&String, &usize)| match cell.parse::<u64>() {
        Ok(_) => format!("{cell:>width$}"),
        Err(_) => format!("{cell:<width$}"),
    };
    let cells: Vec<_> = row.iter().zip(widths).map(cell).collect();
    cells.join("  ").trim_end().to_owned()
}

/// What `--output json` prints. Fields may be added.
#[derive(Serialize)]
struct Document<'a> {
    permissions: Vec<Permission<'a>>,
    controllers: &'a [Controller],
    /// How many requests were compared.
    requests: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Permission<'a> {
    state: State,
    verb: &'a str,
    /// A resource by its usual name, such as `deployments.apps/status`, or a path.
    target: String,
    requests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

fn json(report: &Report, advice: &dyn Fn(&Line) -> Option<Advice>) -> anyhow::Result<String> {
    let permission = |line| permission(line, advice);
    let document = Document {
        permissions: report.lines.iter().map(permission).collect(),
        controllers: &report.controllers,
        requests: report.requests,
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn permission<'a>(line: &'a Line, advice: &dyn Fn(&Line) -> Option<Advice>) -> Permission<'a> {
    let source = line.source();
    Permission {
        state: line.state,
        verb: &line.need.verb,
        target: line.need.target.to_string(),
        requests: line.requests,
        file: source.map(|source| source.path.as_str()),
        line: source.and_then(|source| source.line),
        role: source.and_then(|source| source.role.as_deref()),
        note: &line.note,
        suggestion: advice(line).map(|advice| advice.text),
    }
}

/// One workflow command of GitHub's for what is not as it should be.
fn annotate(line: &Line, advice: &dyn Fn(&Line) -> Option<Advice>, shell: &Shell) {
    let level = match line.state {
        State::Missing | State::Contradicted => "error",
        State::Unused | State::Wider => "warning",
        State::Implied | State::Used => return,
    };
    let advice = advice(line);
    let mut properties = Vec::new();
    let place = line.source().map(|source| (&source.path, source.line));
    let place = place.or_else(|| {
        advice
            .as_ref()?
            .at
            .as_ref()
            .map(|at| (&at.path, Some(at.line)))
    });
    if let Some((path, line)) = place {
        properties.push(format!("file={}", property(path.as_str())));
        properties.extend(line.map(|line| format!("line={line}")));
    }
    let title = format!("RBAC: {}", line.state.as_str());
    properties.push(format!("title={}", property(&title)));
    let advice = advice
        .map(|it| format!(": {}", it.text))
        .unwrap_or_default();
    let message = format!("{}{advice}", message(line));
    let message = message
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    shell.data(&format!("::{level} {}::{message}\n", properties.join(",")));
}

/// A value between commas and colons.
fn property(text: &str) -> String {
    let text = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    text.replace(':', "%3A").replace(',', "%2C")
}

/// What is wrong with a permission, in a phrase.
pub(super) fn message(line: &Line) -> String {
    let permission = format!("`{} {}`", line.need.verb, line.need.target);
    let times = match line.requests {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    };
    match line.state {
        State::Missing => format!("{permission} was needed {times} and is not granted"),
        State::Contradicted => format!("{permission} is granted, and was {}", line.note),
        State::Unused => format!("{permission} is granted and was never used"),
        State::Wider => format!("{permission} is more than was used: it was {}", line.note),
        State::Implied | State::Used => format!("{permission} was used {times}"),
    }
}
