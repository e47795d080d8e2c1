//! `opgen crd diff`: what differs between the CRDs here and those of a git revision, a file or a directory.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::{CrdDiffArgs, GlobalArgs, OutputFormat},
    crd::{
        self, Allowance,
        diff::{Class, Difference},
    },
    manifests::{comments, sources, types::Types},
    problem::{Problem, Problems},
    project,
    shell::{Shell, Tone},
};

mod source;

/// Runs `opgen crd diff`.
///
/// # Errors
/// CRDs that cannot be read, and differences that break something and are not allowed.
pub fn run(args: &CrdDiffArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let allowances = allowances(&args.allow)?;
    let directory = crate::commands::directory(global)?;
    let path = match &args.path {
        Some(path) => directory.join(path),
        None => default_path(&directory)?,
    };
    let here = source::Source::at(&path, &directory)?;
    let there = source::Source::against(&args.against, &path, &directory)?;
    let (new, old) = match (here.crds(shell), there.crds(shell)) {
        (Ok(new), Ok(old)) => (new, old),
        (new, old) => {
            let problems = [new.err(), old.err()].into_iter().flatten();
            return Err(Problems(problems.flat_map(|it| it.0).collect()).into());
        }
    };
    if old.is_empty() && new.is_empty() {
        let problem = Problem::new(format!("no CRD in {here}, and none in {there}"))
            .help("name a file or a directory with CRDs: `opgen crd diff PATH`");
        return Err(Problems::from(problem).into());
    }
    if old.is_empty() {
        shell.note(&format!("no CRD in {there}: every CRD is new"));
    }
    let mut differences = crd::diff::diff(&old, &new);
    allow_by_comments(&mut differences, &path, &[&new[..], &old].concat())?;
    for unused in crd::diff::allow(&mut differences, &allowances) {
        let place = unused.path.as_deref().map(|path| format!(":{path}"));
        let place = place.unwrap_or_default();
        shell.warning(&format!("nothing to allow for `{}{place}`", unused.id));
    }
    tell(&differences, args.output, shell)
}

/// Accepts what `// +opgen:allow:…` comments of the project that the CRDs are in allow, at their types.
fn allow_by_comments(
    differences: &mut [Difference],
    path: &Utf8Path,
    crds: &[Value],
) -> anyhow::Result<()> {
    let root = path.parent().and_then(|above| project::root(above));
    let Some(root) = root.filter(|root| path == root.join(crd::DIRECTORY)) else {
        return Ok(()); // the CRDs of somebody else
    };
    let (types, misplaced) = Types::of(&sources::read(root)?);
    comments::refuse(misplaced)?;
    for difference in differences {
        let of_crd = |crd: &&Value| crd["metadata"]["name"] == difference.crd.as_str();
        let group = crds.iter().find(of_crd).map(|crd| &crd["spec"]["group"]);
        let group = group.and_then(Value::as_str).unwrap_or_default();
        let place = &difference.place;
        if let Some(name) = types.type_name(group, &place.kind, &place.version) {
            let written = types.find(&name, place);
            let allow = types.allowed(&written, &difference.id, &place.path());
            difference.allowed = allow.map(|index| types.allows()[index].allowance.reason.clone());
        }
    }
    Ok(())
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    differences: &'a [Difference],
    /// How many break something and are not allowed.
    breaking: usize,
}

/// Prints what differs, and refuses what breaks.
fn tell(differences: &[Difference], output: OutputFormat, shell: &Shell) -> anyhow::Result<()> {
    let breaking = differences.iter().filter(|it| it.breaks()).count();
    match output {
        OutputFormat::Json => {
            let document = Document {
                differences,
                breaking,
            };
            shell.data(&format!("{}\n", serde_json::to_string_pretty(&document)?));
        }
        OutputFormat::Human if !shell.is_quiet() => print(differences, shell),
        OutputFormat::Human => {}
    }
    if breaking == 0 {
        return Ok(());
    }
    let noun = if breaking == 1 {
        "difference breaks"
    } else {
        "differences break"
    };
    let problem = Problem::new(format!("{breaking} {noun} stored objects or clients")).help(
        "undo it, make the change in a new version, or accept it: `--allow 'ID[:PATH] because REASON'`, or \
         `// +opgen:allow:ID[:PATH] because REASON` at the type",
    );
    Err(Problems::from(problem).into())
}

fn allowances(texts: &[String]) -> Result<Vec<Allowance>, Problems> {
    let mut problems = Problems::default();
    let parsed = texts
        .iter()
        .filter_map(|text| problems.check(text.parse()))
        .collect();
    problems.into_result()?;
    Ok(parsed)
}

/// The CRDs of the project that the directory is in, whoever made it, or else those below the directory itself.
fn default_path(directory: &Utf8Path) -> Result<Utf8PathBuf, Problems> {
    let root = project::root(directory).unwrap_or(directory);
    let path = root.join(crd::DIRECTORY);
    if path.is_dir() {
        return Ok(path);
    }
    let problem = match root == directory {
        true => Problem::new(format!("no directory `{}` here", crd::DIRECTORY)),
        false => Problem::new(format!("no directory `{}` in the project", crd::DIRECTORY)),
    };
    Err(problem
        .help("name a file or a directory with CRDs: `opgen crd diff PATH`")
        .into())
}

/// The differences by CRD and version, and how many of each class there are.
fn print(differences: &[Difference], shell: &Shell) {
    let group = |left: &Difference, right: &Difference| {
        (&left.crd, &left.place.version) == (&right.crd, &right.place.version)
    };
    let mut last = None;
    for group in differences.chunk_by(group) {
        let Some(first) = group.first() else { continue };
        if last.is_some_and(|last| last != &first.crd) {
            shell.data("\n");
        }
        last = Some(&first.crd);
        let version = match first.place.version.as_str() {
            "" => String::new(),
            version => format!(" {version}"),
        };
        shell.report(Tone::Plain, &first.crd, &version);
        for difference in group {
            let (tone, word) = match (difference.allowed.is_some(), difference.class) {
                (true, _) => (Tone::Plain, "allowed"),
                (_, Class::Breaking) => (Tone::Bad, "breaking"),
                (_, Class::Look) => (Tone::Doubtful, "look"),
                (_, Class::Safe) => (Tone::Good, "safe"),
            };
            shell.report(tone, &format!("  {word:<8}"), &line(difference));
        }
    }
    shell.data(&format!("{}\n", summary(differences)));
}

/// ` .spec.replicas: `maximum` is tightened: 1000 → 10 [maximum-tightened]`
fn line(difference: &Difference) -> String {
    let path = match difference.place.path().as_str() {
        "" => String::new(),
        path => format!(" {path}:"),
    };
    let values = match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => format!(": {} → {}", short(before), short(after)),
        (Some(value), None) | (None, Some(value)) => format!(": {}", short(value)),
        (None, None) => String::new(),
    };
    let allowed = difference.allowed.as_ref();
    let because = allowed
        .map(|reason| format!(", because {reason}"))
        .unwrap_or_default();
    let (id, message) = (&difference.id, &difference.message);
    format!("{path} {message}{values} [{id}]{because}")
}

/// A value on one line, and not much of a long one.
fn short(value: &Value) -> String {
    const LIMIT: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn summary(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "no difference".to_owned();
    }
    let count = |of: &dyn Fn(&Difference) -> bool| differences.iter().filter(|it| of(it)).count();
    let open = |class| count(&|it| it.allowed.is_none() && it.class == class);
    let allowed = match count(&|it| it.allowed.is_some()) {
        0 => String::new(),
        count => format!(", {count} allowed"),
    };
    let (breaking, look, safe) = (open(Class::Breaking), open(Class::Look), open(Class::Safe));
    format!("{breaking} breaking, {look} to look at, {safe} safe{allowed}")
}
