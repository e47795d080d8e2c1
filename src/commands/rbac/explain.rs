//! `opgen rbac explain`: who allows something, and who does it.

use std::collections::{BTreeMap, BTreeSet};

use super::{granted, tests_run, used::Used};
use crate::{
    cli::{GlobalArgs, RbacExplainArgs},
    manifests::{roles, sources},
    problem::{Problem, Problems, did_you_mean},
    project,
    rbac::{
        usage::{Recording, Request, Target},
        verify::Grant,
    },
    shell::{Shell, Tone},
};

/// Runs `opgen rbac explain`.
///
/// # Errors
/// Comments and recordings that cannot be read, and a resource that neither of them has.
pub fn run(args: &RbacExplainArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let directory = crate::commands::directory(global)?;
    let (root, project) = project::find(&directory)?;
    let (comments, _) = roles::comments(&project, &sources::read(&root)?)?;
    let grants = granted::of_project(&root, &project, &comments)?;
    let recording = match &args.recording {
        Some(path) => Some(path.clone()),
        None => tests_run::recording(&root).filter(|path| path.exists()),
    };
    let mut calls = Calls::default();
    if let Some(path) = &recording {
        let used = Used {
            directory: directory.clone(),
            recordings: vec![path.clone()],
            audit_logs: Vec::new(),
            account: None,
        };
        used.read(shell, &mut |line| {
            calls.add(line, args);
            Ok(())
        })?;
    }
    let granting: Vec<_> = grants.iter().filter(|grant| allows(grant, args)).collect();
    if granting.is_empty() && calls.of_request.is_empty() {
        return Err(unknown(args, &grants, &calls).into());
    }
    shell.report(Tone::Plain, "granted by", "");
    for grant in &granting {
        let source = &grant.source;
        let comment = comments
            .iter()
            .find(|it| it.at.path == source.path && Some(it.at.line) == source.line);
        let text = comment
            .map(|it| format!("  +opgen:rbac:{}", it.rule))
            .unwrap_or_default();
        shell.data(&format!("  {source}{text}\n"));
    }
    if granting.is_empty() {
        shell.data("  nothing\n");
    }
    shell.report(Tone::Plain, "used by", "");
    match (&recording, calls.of_request.is_empty()) {
        (None, _) => shell.data(
            "  nothing is recorded yet: `opgen rbac verify` runs the tests and records them\n",
        ),
        (Some(_), true) => shell.data("  nothing that was recorded\n"),
        (Some(_), false) => calls
            .of_request
            .iter()
            .for_each(|(what, call)| shell.data(&format!("  {}\n", call.line(what)))),
    }
    Ok(())
}

/// Whether a grant allows the verb on the resource, for some object.
fn allows(grant: &Grant, args: &RbacExplainArgs) -> bool {
    let request = |target: Target| Request {
        verb: args.verb.clone(),
        target,
        namespace: String::new(),
        name: String::new(),
        code: None,
        apply: false,
        refused: None,
        manager: String::new(),
    };
    // Of any name, and anywhere.
    let anywhere = Grant {
        names: BTreeSet::new(),
        scope: crate::rbac::verify::Scope::Cluster,
        ..grant.clone()
    };
    let target = args.resource.target(&grant.target);
    anywhere.allows(&args.verb, &request(target))
}

/// The requests that needed it, by who made them.
#[derive(Default)]
struct Calls {
    of_request: BTreeMap<(String, String), Call>,
    /// Everything else that was asked for, to find what was meant.
    others: BTreeSet<String>,
}

#[derive(Default)]
struct Call {
    requests: u64,
    refused: u64,
    objects: BTreeSet<String>,
    more: bool,
}

impl Calls {
    fn add(&mut self, line: &Recording, args: &RbacExplainArgs) {
        let Recording::Request(request) = line else {
            return;
        };
        self.others.insert(request.target.to_string());
        if !args.resource.is(&request.target) {
            return;
        }
        for (verb, allowed) in request.needs() {
            if verb != args.verb {
                continue;
            }
            let key = (request.target.to_string(), request.manager.clone());
            let call = self.of_request.entry(key).or_default();
            call.requests += 1;
            call.refused += u64::from(!allowed);
            call.object(request);
        }
    }
}

impl Call {
    fn object(&mut self, request: &Request) {
        const SHOWN: usize = 3;
        let object = match (request.namespace.as_str(), request.name.as_str()) {
            ("", name) => name.to_owned(),
            (namespace, "") => format!("{namespace}/"),
            (namespace, name) => format!("{namespace}/{name}"),
        };
        if object.is_empty() || self.objects.contains(&object) {
            return;
        }
        match self.objects.len() < SHOWN {
            true => drop(self.objects.insert(object)),
            false => self.more = true,
        }
    }

    fn line(&self, (target, manager): &(String, String)) -> String {
        let who = if manager.is_empty() {
            "the operator"
        } else {
            manager
        };
        let times = if self.requests == 1 {
            "request"
        } else {
            "requests"
        };
        let refused = match self.refused {
            0 => String::new(),
            count => format!(", {count} refused"),
        };
        let objects: Vec<_> = self.objects.iter().map(String::as_str).collect();
        let more = if self.more { ", …" } else { "" };
        let objects = match objects.as_slice() {
            [] => String::new(),
            some => format!(": {}{more}", some.join(", ")),
        };
        format!(
            "{who}  {target}, {} {times}{refused}{objects}",
            self.requests
        )
    }
}

fn unknown(args: &RbacExplainArgs, grants: &[Grant], calls: &Calls) -> Problems {
    let known: BTreeSet<_> = grants
        .iter()
        .map(|grant| grant.target.to_string())
        .chain(calls.others.iter().cloned())
        .collect();
    let resource = args.resource.to_string();
    let problem = Problem::new(format!("nothing grants or uses `{} {resource}`", args.verb));
    // Without a group, the plural alone is compared.
    let has_group = resource.contains('.');
    let shown = |name: &String| {
        if has_group {
            name.clone()
        } else {
            without_group(name)
        }
    };
    let names: BTreeMap<_, _> = known.iter().map(|name| (shown(name), name)).collect();
    let meant = did_you_mean(&resource, names.keys().map(String::as_str));
    let help = match meant.and_then(|meant| names.get(meant)) {
        Some(meant) if **meant != resource => format!("did you mean `{meant}`?"),
        _ => {
            let known: Vec<_> = known.into_iter().collect();
            format!("what is granted or used: {}", known.join(", "))
        }
    };
    problem.help(help).into()
}

/// `deployments/status` of `deployments.apps/status`.
fn without_group(name: &str) -> String {
    let (plural, rest) = name.split_once('.').unwrap_or((name, ""));
    match rest.split_once('/') {
        Some((_, subresource)) => format!("{plural}/{subresource}"),
        None => plural.to_owned(),
    }
}
