//! What the arguments of `opgen create api` ask for, given what the project has.

use super::fits;
use crate::{
    builtin,
    cli::ApiArgs,
    problem::{Problem, Problems, quoted},
    project::{self, Project, Reconciler, Resource, RustNames, Types},
    resource::{Group, Kind, Plural, ShortName, Version},
};

/// The resource that the arguments ask for, checked against the project.
pub(super) fn resource(args: &ApiArgs, project: &Project) -> anyhow::Result<Resource> {
    let mut problems = Problems::default();
    let group: Option<Group> = problems.check(group(args, project));
    let version: Option<Version> = problems.check(args.version.parse());
    let kind: Option<Kind> = problems.check(args.kind.parse());
    let plural: Option<Plural> = args
        .plural
        .as_ref()
        .and_then(|plural| problems.check(plural.parse()));
    let short_names: Vec<ShortName> = args
        .short_names
        .iter()
        .filter_map(|name| problems.check(name.parse()))
        .collect();
    problems.into_result()?;
    let (Some(group), Some(version), Some(kind)) = (group, version, kind) else {
        unreachable!("every problem was reported")
    };
    let asked = Asked {
        group,
        version,
        kind,
        plural,
        short_names,
        args,
    };
    let resource = match (args.resource, asked.known(project)) {
        (true, Some(known)) => asked.same_answers(known, project)?,
        (true, None) => asked.new_types(project)?,
        (false, Some(known)) => asked.controller_alone(known, project)?,
        (false, None) => asked.built_in(project)?,
    };
    fits::fits(&resource, project)?;
    Ok(resource)
}

/// The group, without the domain that the project puts behind it.
fn group(args: &ApiArgs, project: &Project) -> Result<Group, Problem> {
    let domain = format!(".{}", project.domain);
    if args.resource
        && let Some(short) = args.group.strip_suffix(&domain)
    {
        let message = format!(
            "invalid group `{}`: it ends in the project's domain, which opgen adds",
            args.group
        );
        return Err(Problem::new(message).help(format!("try `--group {short}`")));
    }
    args.group.parse()
}

/// The arguments, checked one by one.
struct Asked<'a> {
    group: Group,
    version: Version,
    kind: Kind,
    plural: Option<Plural>,
    short_names: Vec<ShortName>,
    args: &'a ApiArgs,
}

impl Asked<'_> {
    /// The resource of ours that the project has under this group, version and kind.
    fn known<'a>(&self, project: &'a Project) -> Option<&'a Resource> {
        project.resources.iter().find(|known| {
            known.types == Types::Own
                && known.group == self.group
                && known.version == self.version
                && known.kind == self.kind
        })
    }

    /// A resource that is there already: what is not asked for stays as it is.
    fn same_answers(&self, known: &Resource, project: &Project) -> Result<Resource, Problems> {
        let title = known.title(&project.domain);
        let same = "pass the same answers";
        let edit = "pass the same answers; to change it, edit the `#[kube(..)]` attribute and run `opgen manifests`";
        let alone = "pass `--resource=false` to add a controller alone";
        let flag = |answer: Option<bool>| answer.map(|answer| answer.to_string());
        let short_names = Some(join(&self.short_names)).filter(|names| !names.is_empty());
        let reconciler = self
            .args
            .reconciler
            .map(|wanted| wanted.as_str().to_owned());
        let answers = [
            (
                "plural",
                known.plural.to_string(),
                self.plural.as_ref().map(ToString::to_string),
                same,
            ),
            (
                "namespaced",
                known.namespaced.to_string(),
                flag(self.args.namespaced),
                same,
            ),
            (
                "controller",
                known.controller.to_string(),
                flag(self.args.controller),
                if known.controller { same } else { alone },
            ),
            (
                "reconciler",
                known.reconciler.as_str().to_owned(),
                reconciler,
                same,
            ),
            ("short names", join(&known.short_names), short_names, edit),
        ];
        let mut problems = Problems::default();
        for (what, known, wanted, help) in answers {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != known) {
                let message = format!(
                    "`{title}` is already in `{}` with {what} {}, not `{wanted}`",
                    project::FILE,
                    quoted(&known)
                );
                problems.0.push(Problem::new(message).help(help));
            }
        }
        problems.into_result()?;
        Ok(known.clone())
    }

    /// A new kind of ours, or a further version of one.
    fn new_types(&self, project: &Project) -> Result<Resource, Problems> {
        let sibling = project.resources.iter().find(|known| {
            known.types == Types::Own && known.group == self.group && known.kind == self.kind
        });
        let namespaced = self
            .args
            .namespaced
            .or(sibling.map(|known| known.namespaced))
            .unwrap_or(true);
        let default = if namespaced {
            Reconciler::Deployment
        } else {
            Reconciler::Empty
        };
        let reconciler = self
            .args
            .reconciler
            .or(sibling.map(|known| known.reconciler))
            .unwrap_or(default);
        let resource = Resource {
            plural: self
                .plural
                .clone()
                .or(sibling.map(|known| known.plural.clone()))
                .unwrap_or_else(|| self.kind.plural()),
            short_names: match sibling {
                Some(known) if self.short_names.is_empty() => known.short_names.clone(),
                _ => self.short_names.clone(),
            },
            namespaced,
            types: Types::Own,
            stored: sibling.is_none(),
            controller: self.args.controller.unwrap_or(sibling.is_none()),
            reconciler,
            rust: RustNames::new(Types::Own, &self.group, &self.kind),
            group: self.group.clone(),
            version: self.version.clone(),
            kind: self.kind.clone(),
        };
        let mut problems = self.about_flags(&resource, project);
        if let Some(sibling) = sibling {
            problems.0.extend(differs_from(sibling, &resource, project));
        }
        let controlled = project
            .resources
            .iter()
            .find(|known| known.is_sibling(&resource) && known.controller);
        if let Some(known) = controlled.filter(|_| resource.controller) {
            problems.0.push(already_controlled(known, project));
        }
        problems.into_result()?;
        Ok(resource)
    }

    /// A controller for a kind of ours that has none.
    fn controller_alone(&self, known: &Resource, project: &Project) -> Result<Resource, Problems> {
        let title = known.title(&project.domain);
        let mut problems = Problems::default();
        if self.args.controller == Some(false) {
            problems.0.push(neither());
        }
        if self
            .args
            .reconciler
            .is_some_and(|wanted| wanted != known.reconciler)
        {
            problems.0.push(
                Problem::new(format!(
                    "the types of `{title}` were made for the `{}` reconciler",
                    known.reconciler.as_str().to_owned()
                ))
                .help("leave `--reconciler` out"),
            );
        }
        let other = project.resources.iter().find(|other| {
            other.is_sibling(known) && other.controller && other.version != known.version
        });
        if let Some(other) = other {
            problems.0.push(already_controlled(other, project));
        }
        problems.into_result()?;
        Ok(Resource {
            controller: true,
            ..known.clone()
        })
    }

    /// A controller for a kind that Kubernetes has.
    fn built_in(&self, project: &Project) -> Result<Resource, Problems> {
        let (group, version, kind) = (
            self.args.group.as_str(),
            self.args.version.as_str(),
            self.args.kind.as_str(),
        );
        let Some(found) = builtin::find(group, version, kind) else {
            return Err(self.unknown(project).into());
        };
        let parse = |text: &str| {
            text.parse()
                .unwrap_or_else(|_| panic!("the table of built-in kinds has `{text}`"))
        };
        let group: Group = parse(found.group);
        let resource = Resource {
            rust: RustNames::new(Types::BuiltIn, &group, &self.kind),
            group,
            version: self.version.clone(),
            kind: self.kind.clone(),
            plural: found.plural.parse().map_err(Problems::from)?,
            short_names: Vec::new(),
            namespaced: found.namespaced,
            types: Types::BuiltIn,
            stored: true,
            controller: true,
            reconciler: Reconciler::Empty,
        };
        let mut problems = self.about_flags(&resource, project);
        let set = [
            (
                "--plural",
                self.plural
                    .as_ref()
                    .is_some_and(|plural| *plural != resource.plural),
            ),
            ("--short-name", !self.short_names.is_empty()),
            (
                "--namespaced",
                self.args
                    .namespaced
                    .is_some_and(|namespaced| namespaced != resource.namespaced),
            ),
        ];
        for (flag, _) in set.iter().filter(|(_, set)| *set) {
            problems.0.push(
                Problem::new(format!(
                    "`{flag}` cannot change `{}`, which Kubernetes has",
                    found.kind
                ))
                .help("leave it out"),
            );
        }
        problems.into_result()?;
        Ok(resource)
    }

    /// Why there is nothing to write a controller for.
    fn unknown(&self, project: &Project) -> Problem {
        let ours = self.group.qualified(&project.domain).unwrap_or_default();
        let (group, version, kind) = (&self.group, &self.version, &self.kind);
        let problem = Problem::new(format!(
            "neither this project has `{ours}/{version} {kind}` nor Kubernetes `{group}/{version} {kind}`"
        ));
        let others: Vec<_> = builtin::all()
            .filter(|known| known.kind.eq_ignore_ascii_case(kind.as_str()))
            .collect();
        match others.as_slice() {
            [] => problem.help("leave `--resource=false` out to make the types, too"),
            [one, ..] => problem.help(format!(
                "try `--group {} --version {} --kind {}`",
                one.group, one.version, one.kind
            )),
        }
    }

    /// Answers that do not go together.
    fn about_flags(&self, resource: &Resource, project: &Project) -> Problems {
        let mut problems = Problems::default();
        let kind = &self.kind;
        if !self.args.resource && self.args.controller == Some(false) {
            problems.0.push(neither());
        }
        if project.namespaced && !resource.namespaced {
            let help = match self.args.namespaced {
                Some(false) => {
                    "leave `--namespaced=false` out, or make a project without `opgen init --namespaced`"
                }
                _ => "make a project without `opgen init --namespaced`",
            };
            problems.0.push(
                Problem::new(format!("`{kind}` is cluster-scoped, and the operator of this project watches one namespace"))
                    .help(help),
            );
        }
        if self.args.reconciler == Some(Reconciler::Deployment) && resource.types == Types::BuiltIn
        {
            problems.0.push(
                Problem::new(format!(
                    "the `deployment` reconciler needs types of the project's own, and `{kind}` is Kubernetes'"
                ))
                .help("pass `--reconciler empty`"),
            );
        } else if resource.reconciler == Reconciler::Deployment && !resource.namespaced {
            problems.0.push(
                Problem::new(format!("the `deployment` reconciler needs a namespaced kind, and `{kind}` is cluster-scoped"))
                    .help("pass `--reconciler empty`"),
            );
        }
        problems
    }
}

fn already_controlled(known: &Resource, project: &Project) -> Problem {
    let title = known.title(&project.domain);
    Problem::new(format!("`{title}` has the controller of its kind already"))
        .help("one controller serves every version of a kind")
}

fn neither() -> Problem {
    Problem::new("nothing to create with `--resource=false --controller=false`")
        .help("leave one of them out")
}

fn join(names: &[ShortName]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What all versions of a kind have in common.
fn differs_from(sibling: &Resource, resource: &Resource, project: &Project) -> Vec<Problem> {
    let title = sibling.title(&project.domain);
    let pairs = [
        (
            "plural",
            sibling.plural.to_string(),
            resource.plural.to_string(),
        ),
        (
            "namespaced",
            sibling.namespaced.to_string(),
            resource.namespaced.to_string(),
        ),
        (
            "short names",
            join(&sibling.short_names),
            join(&resource.short_names),
        ),
        (
            "reconciler",
            sibling.reconciler.as_str().to_owned(),
            resource.reconciler.as_str().to_owned(),
        ),
    ];
    let differing = pairs
        .into_iter()
        .filter(|(_, known, wanted)| known != wanted);
    let problem = |(what, known, wanted): (&str, String, String)| {
        let (known, wanted) = (quoted(&known), quoted(&wanted));
        Problem::new(format!("`{title}` has {what} {known}, not {wanted}"))
            .help("leave it out: all versions of a kind share it")
    };
    differing.map(problem).collect()
}
