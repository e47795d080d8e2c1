//! `opgen rbac verify`: what is granted beside what was used, both ways.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::{granted, said, tests_run, used::Used};
use crate::{
    cli::{GlobalArgs, RbacVerifyArgs},
    commands::finish::{About, Finish, finish},
    manifests::{roles, sources},
    problem::{Problem, Problems},
    project::{self, Project},
    rbac::{
        Account, Comment,
        fix::{self, Advice, Fix},
        verify::{Comparison, Grant, Line, Report, State},
    },
    shell::Shell,
};

/// Runs `opgen rbac verify`.
///
/// # Errors
/// Roles and recordings that cannot be read; a permission that is missing; with `--strict`, one that is not used.
pub fn run(args: &RbacVerifyArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let directory = crate::commands::directory(global)?;
    let subject = Subject::of(args, &directory, shell)?;
    let mut used = Used {
        directory,
        recordings: args.recording.clone(),
        audit_logs: args.audit_log.clone(),
        account: subject.account.clone(),
    };
    let mut passed = true;
    if used.recordings.is_empty() && used.audit_logs.is_empty() {
        let ours = subject.project.as_ref().ok_or_else(nothing_to_compare)?;
        let tested = tests_run::run(&ours.root, shell)?;
        passed = tested.passed;
        used.recordings.push(tested.recording);
    }
    let mut comparison = subject.comparison();
    used.read(shell, &mut |line| comparison.recorded(line))?;
    let report = comparison.report();

    let advised = subject.fix(&report, true);
    let advice = |line: &Line| advised.advice(line).or_else(|| by_hand(line));
    said::say(&report, args.output, &advice, shell)?;
    let mended = if args.fix {
        subject.mend(&report, args, shell)?
    } else {
        Fix::default()
    };
    let is_open = |line: &&Line| mended.advice(line).is_none();
    let mut problems = Vec::new();
    if !passed {
        let problem = Problem::new("the project's tests failed");
        problems.push(
            problem.help("mend what cargo reports above; a permission that is missing may be why"),
        );
    }
    for line in report.lines.iter().filter(is_open) {
        let problem = Problem {
            help: advice(line).map(|advice| advice.text),
            ..Problem::new(said::message(line))
        };
        match line.state {
            State::Missing | State::Contradicted => problems.push(problem),
            State::Unused | State::Wider if args.strict => problems.push(problem),
            State::Unused | State::Wider => shell.warnings([&problem]),
            State::Implied | State::Used => {}
        }
    }
    Ok(Problems(problems).into_result()?)
}

/// What is compared: a project, or files of roles.
struct Subject {
    project: Option<Ours>,
    grants: Vec<Grant>,
    account: Option<Account>,
}

/// A project of opgen's.
struct Ours {
    root: Utf8PathBuf,
    project: Project,
    sources: BTreeMap<Utf8PathBuf, String>,
    comments: Vec<Comment>,
}

impl Subject {
    fn of(args: &RbacVerifyArgs, directory: &Utf8Path, shell: &Shell) -> anyhow::Result<Self> {
        if !args.role.is_empty() {
            let (grants, account) =
                granted::of_files(&args.role, directory, args.account.clone(), shell)?;
            return Ok(Self {
                project: None,
                grants,
                account,
            });
        }
        let (root, project) = project::find(directory)?;
        let sources = sources::read(&root)?;
        let (comments, _) = roles::comments(&project, &sources)?;
        let grants = granted::of_project(&root, &project, &comments)?;
        let account = args.account.clone().unwrap_or_else(|| Account {
            name: format!("{}-controller-manager", project.name),
            namespace: project.namespace(),
        });
        Ok(Self {
            project: Some(Ours {
                root,
                project,
                sources,
                comments,
            }),
            grants,
            account: Some(account),
        })
    }

    fn comparison(&self) -> Comparison {
        let project = self.project.as_ref().map(|ours| &ours.project);
        let operator = project.map(|project| project.name.to_string());
        let own = project.filter(|project| project.namespaced);
        let own = own.map(|project| BTreeSet::from([project.namespace()]));
        Comparison::new(self.grants.clone(), operator, own)
    }

    /// How the comments would have to be; somebody else's roles have none.
    fn fix(&self, report: &Report, narrow: bool) -> Fix {
        let fix =
            |ours: &Ours| fix::fix(report, ours.sources.clone(), ours.comments.clone(), narrow);
        self.project.as_ref().map(fix).unwrap_or_default()
    }

    /// Writes the comments, and the roles that come from them. What is mended, unless nothing is to be written.
    fn mend(&self, report: &Report, args: &RbacVerifyArgs, shell: &Shell) -> anyhow::Result<Fix> {
        let Some(ours) = &self.project else {
            let problem = Problem::new(
                "`--fix` changes the comments of a project, and `--role` names files of roles",
            );
            return Err(Problems::from(
                problem.help("leave `--role` out, or mend the files by hand"),
            )
            .into());
        };
        let fix = self.fix(report, args.strict);
        let finish_with = Finish {
            root: &ours.root,
            project: &ours.project,
            subject: "every comment is as it should be".to_owned(),
            check: false,
            about: About::Manifests,
        };
        finish(fix.scaffold(), &finish_with, &args.write, shell)?;
        Ok(if args.write.dry_run {
            Fix::default()
        } else {
            fix
        })
    }
}

fn nothing_to_compare() -> Problems {
    Problem::new("nothing to compare the roles with")
        .help("name a recording or an audit log: `--recording FILE`, `--audit-log FILE`")
        .into()
}

/// What to do where no comment can be changed.
fn by_hand(line: &Line) -> Option<Advice> {
    let text = match (line.state, line.source()) {
        (State::Missing, _) => format!("allow `{}` on `{}`", line.need.verb, line.need.target),
        (State::Contradicted, _) => "run `opgen manifests`, and apply the roles again".to_owned(),
        (State::Unused, Some(source)) => {
            format!("take it out of `{source}`, or test what needs it")
        }
        (State::Wider, Some(source)) => format!("narrow it in `{source}`"),
        _ => return None,
    };
    Some(Advice { text, at: None })
}
