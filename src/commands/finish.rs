//! The end of every command that changes a project: plan, conflicts, `--dry-run`, apply, and what is said of it.

use camino::Utf8Path;

use super::modules;
use crate::{
    cli::WriteArgs,
    manifests,
    problem::{Problem, Problems},
    project::{self, Project},
    scaffold::{
        Existing, File, Owner, Scaffold,
        apply::{self, Directory},
        disk::{self, Disk},
        plan::{Change, Plan, Rank, Step},
        record::{self, Record},
    },
    shell::{self, Shell},
};

/// What a command wants beside its scaffold.
pub struct Finish<'a> {
    /// The project's directory.
    pub root: &'a Utf8Path,
    /// The project as it is afterwards.
    pub project: &'a Project,
    /// What was asked for, e.g. `apps.example.com/v1 MyApp`: what a run without changes says is there.
    pub subject: String,
    /// True when nothing may be written and any change is an error.
    pub check: bool,
    /// What the command is about.
    pub about: About,
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The project and its manifests: the roles are made anew too.
    Manifests,
    /// The pages of reference.
    Pages,
}

/// Compares the scaffold with the disk and carries it out. True if anything was written.
///
/// # Errors
/// Every conflict at once, with nothing written; with `check`, every file that is out of date.
pub fn finish(
    mut scaffold: Scaffold,
    wish: &Finish<'_>,
    write: &WriteArgs,
    shell: &Shell,
) -> anyhow::Result<bool> {
    let (plan, warnings) = plan(&mut scaffold, wish, write.force)?;
    shell.warnings(&warnings);
    if !plan.conflicts.is_empty() {
        return Err(Problems(plan.conflicts).into());
    }
    if wish.check {
        return check(&plan, wish.about).map(|()| false);
    }
    let nothing = plan.changes().next().is_none();
    if nothing || write.dry_run {
        plan.steps.iter().for_each(|step| say(step, shell));
    }
    if nothing {
        shell.say(&nothing_to_do(&wish.subject, &plan));
        return Ok(false);
    }
    if write.dry_run {
        shell.data(&plan.changes().map(difference).collect::<String>());
        shell.note("nothing is written with `--dry-run`");
        return Ok(false);
    }
    // Each line is said once it is true.
    let mut target = Directory(wish.root);
    apply::apply(&plan, &mut target, &mut |step| say(step, shell)).map_err(interrupted)?;
    let stays = |step: &&Step| matches!(step.change, Change::Kept | Change::Unchanged);
    plan.steps
        .iter()
        .filter(stays)
        .for_each(|step| say(step, shell));
    let told = |step: &&Step| step.loses_edits && !write.force;
    for step in plan.steps.iter().filter(told) {
        let message = format!(
            "`{}` was edited by hand, and opgen derives it from other files",
            step.path
        );
        let problem = Problem::new(message).detail(difference(step));
        let help = "what it should say belongs into what it is derived from; version control has what is lost";
        shell.warnings([&problem.help(help)]);
    }
    Ok(true)
}

fn interrupted(error: anyhow::Error) -> anyhow::Error {
    let problem = Problem::new(format!("{error:#}"));
    let help = "mend that and run the same command again: it completes what it has begun";
    Problems::from(problem.help(help)).into()
}

/// The plan of a scaffold, with the roles, `.opgen/files` and `PROJECT` as they are afterwards.
/// Beside it, what wants a reason in the comments that the roles come from.
fn plan(
    scaffold: &mut Scaffold,
    wish: &Finish<'_>,
    force: bool,
) -> anyhow::Result<(Plan, Vec<Problem>)> {
    let mut warnings = Vec::new();
    modules::follow(wish.root, scaffold);
    // The roles come from the sources as they will be, and the record from everything.
    if wish.about == About::Manifests {
        let (disk, record) = look(scaffold, wish.root)?;
        let sources = Plan::compute(scaffold, &disk, &record, force);
        let roles = manifests::roles::scaffold(wish.root, wish.project, &sources, &record)?;
        scaffold.extend(roles.0);
        warnings = roles.1;
    }
    let (disk, record) = look(scaffold, wish.root)?;
    let files = Plan::compute(scaffold, &disk, &record, force).record(scaffold, &record);
    let ours = |text| File {
        owner: Owner::Opgen,
        existing: Existing::Replace,
        text,
    };
    scaffold
        .files
        .insert(record::FILE.into(), ours(files.to_text()));
    scaffold
        .files
        .insert(project::FILE.into(), ours(wish.project.to_yaml()?));
    let plan = Plan::compute(scaffold, &disk, &record, force);
    Ok((plan, warnings))
}

fn look(scaffold: &Scaffold, root: &Utf8Path) -> anyhow::Result<(Disk, Record)> {
    Ok((Disk::read(root, scaffold.paths())?, disk::record(root)?))
}

fn check(plan: &Plan, about: About) -> anyhow::Result<()> {
    let (one, many, command) = match about {
        About::Manifests => ("manifest", "manifests", "opgen manifests"),
        About::Pages => ("page", "pages", "opgen crd docs"),
    };
    let stale: Vec<_> = plan
        .changes()
        .filter(|step| step.rank < Rank::Record)
        .collect();
    let message = match stale.len() {
        0 => return Ok(()),
        1 => format!("1 {one} is out of date"),
        several => format!("{several} {many} are out of date"),
    };
    let differences: String = stale.into_iter().map(difference).collect();
    Err(Problems::from(
        Problem::new(message)
            .detail(differences)
            .help(format!("run `{command}`")),
    )
    .into())
}

fn difference(step: &Step) -> String {
    shell::diff(&step.path, step.before.as_deref(), step.after.as_deref())
}

fn say(step: &Step, shell: &Shell) {
    if step.rank >= Rank::Record {
        return; // opgen's own books
    }
    let path = step.path.as_str();
    // Eighty lines about one directory would hide the rest.
    let vendored = path.starts_with("vendor/opgen-runtime/") && !path.ends_with("Cargo.toml");
    match step.change {
        Change::Create if vendored => shell.detail("create", path),
        Change::Create => shell.status("create", path),
        Change::Update => shell.status("update", path),
        Change::Remove => shell.status("remove", path),
        Change::Kept => shell.status("keep", &format!("{path} ({})", kept_because(step))),
        Change::Unchanged => shell.detail("unchanged", path),
    }
}

fn kept_because(step: &Step) -> &'static str {
    if step.before.is_some() {
        "yours differs"
    } else {
        "deleted by you"
    }
}

/// `nothing to do: … is already there (1 file edited by you, kept)`
fn nothing_to_do(subject: &str, plan: &Plan) -> String {
    let kept = plan
        .steps
        .iter()
        .filter(|step| step.change == Change::Kept)
        .count();
    let edited = match kept {
        0 => String::new(),
        1 => " (1 file edited by you, kept)".to_owned(),
        several => format!(" ({several} files edited by you, kept)"),
    };
    format!("nothing to do: {subject}{edited}")
}
