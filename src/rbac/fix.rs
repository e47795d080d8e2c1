//! How the comments of a project would have to be for what its operator uses.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Comment, PolicyRule, Rule,
    usage::Target,
    verify::{Line, Report, State},
};
use crate::{
    manifests::types::Position,
    scaffold::{Existing, File, Owner, Scaffold},
};

/// The sources with RBAC comments, and what should stand in them.
#[derive(Clone, Debug, Default)]
pub struct Fix {
    sources: BTreeMap<Utf8PathBuf, String>,
    changes: Vec<Change>,
}

/// A comment and what should stand in its place.
#[derive(Clone, Debug)]
struct Change {
    comment: Comment,
    /// In the comment's place; none where it goes.
    rules: Vec<Rule>,
    /// Below it: what no comment is about yet.
    below: BTreeMap<(Target, Option<String>), Rule>,
}

/// What to do, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// A phrase for behind `help:`.
    pub text: String,
    /// The comment that it is about.
    pub at: Option<Position>,
}

/// Adds what is missing to the comments of some sources and, if `narrow`, takes out what is unused.
///
/// What is missing goes to the comment that is about that resource already, else below the nearest one: one about another part of the
/// resource, the last in the file that names the controller which made the request, or the last about the group.
#[must_use]
pub fn fix(
    report: &Report,
    sources: BTreeMap<Utf8PathBuf, String>,
    comments: Vec<Comment>,
    narrow: bool,
) -> Fix {
    let change = |comment: Comment| Change {
        rules: vec![comment.rule.clone()],
        below: BTreeMap::new(),
        comment,
    };
    let mut fix = Fix {
        changes: comments.into_iter().map(change).collect(),
        sources,
    };
    if narrow {
        fix.narrow(report);
    }
    for line in report.of(State::Missing) {
        fix.add(line);
    }
    fix
}

impl Fix {
    /// What to do about a line of the report, if a comment is to change.
    #[must_use]
    pub fn advice(&self, line: &Line) -> Option<Advice> {
        match line.state {
            State::Missing => self.changes.iter().find_map(|change| change.adding(line)),
            State::Unused => {
                let change = self
                    .changes
                    .iter()
                    .find(|change| is_at(&change.comment, line))?;
                change.removing(line)
            }
            _ => None,
        }
    }

    /// The sources as they should be.
    #[must_use]
    pub fn scaffold(&self) -> Scaffold {
        let mut by_path: BTreeMap<&Utf8Path, Vec<&Change>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| change.is_one()) {
            by_path
                .entry(&change.comment.at.path)
                .or_default()
                .push(change);
        }
        let mut scaffold = Scaffold::default();
        for (path, mut changes) in by_path {
            let Some(text) = self.sources.get(path) else {
                continue;
            };
            // From the end, so that places before stay where they are.
            changes.sort_by_key(|change| std::cmp::Reverse(change.comment.text.start));
            let text = changes
                .iter()
                .fold(text.clone(), |text, change| change.apply(&text));
            let file = File {
                owner: Owner::User,
                existing: Existing::Edit,
                text,
            };
            scaffold.files.insert(path.to_owned(), file);
        }
        scaffold
    }

    fn narrow(&mut self, report: &Report) {
        for change in &mut self.changes {
            let of_comment = report
                .of(State::Unused)
                .filter(|line| is_at(&change.comment, line));
            let unused: BTreeSet<_> = of_comment
                .map(|line| (&line.need.target, line.need.verb.as_str()))
                .collect();
            if unused.is_empty() {
                continue;
            }
            let mut verbs = verbs_of(&change.comment.rule.policy);
            for (target, verbs) in &mut verbs {
                verbs.retain(|verb| !unused.contains(&(target, verb.as_str())));
            }
            change.rules = rules(verbs, &change.comment.rule);
        }
    }

    fn add(&mut self, line: &Line) {
        let about = |rule: &Rule| {
            let policy = &rule.policy;
            verbs_of(policy).into_keys().eq([line.need.target.clone()])
                && policy.resource_names.is_empty()
                && (line.namespace.is_none() || rule.namespace == line.namespace)
        };
        let rule = self
            .changes
            .iter_mut()
            .flat_map(|change| &mut change.rules)
            .find(|rule| about(rule));
        if let Some(rule) = rule {
            rule.policy.verbs.insert(line.need.verb.clone());
            return;
        }
        let Some(anchor) = self.anchor(line) else {
            return;
        };
        let rule = anchor.below.entry(key(line)).or_insert_with(|| Rule {
            policy: about_target(&line.need.target),
            namespace: line.namespace.clone(),
            ..Rule::default()
        });
        rule.policy.verbs.insert(line.need.verb.clone());
    }

    /// The comment that what is new stands below.
    fn anchor(&mut self, line: &Line) -> Option<&mut Change> {
        let names_controller = |change: &Change| {
            let source = self.sources.get(&change.comment.at.path);
            let quoted =
                |name: &String| source.is_some_and(|text| text.contains(&format!("\"{name}\"")));
            line.controllers.iter().any(quoted)
        };
        let is_near = |change: &Change, is: fn(&Target, &Target) -> bool| {
            let mut all = verbs_of(&change.comment.rule.policy).into_keys();
            all.any(|target| is(&target, &line.need.target))
        };
        let last = |is: &dyn Fn(&Change) -> bool| self.changes.iter().rposition(is);
        let position = last(&|change| is_near(change, same_plural))
            .or_else(|| last(&names_controller))
            .or_else(|| last(&|change| is_near(change, same_group)));
        self.changes.get_mut(position.unwrap_or_default())
    }
}

fn same_group(left: &Target, right: &Target) -> bool {
    match (left, right) {
        (Target::Resource { group: left, .. }, Target::Resource { group: right, .. }) => {
            left == right
        }
        (Target::Url(_), Target::Url(_)) => true,
        _ => false,
    }
}

/// Whether both are the same resource, or subresources of it.
fn same_plural(left: &Target, right: &Target) -> bool {
    fn plural(target: &Target) -> Option<&str> {
        match target {
            Target::Resource { resource, .. } => resource.split('/').next(),
            Target::Url(_) => None,
        }
    }
    same_group(left, right) && plural(left).is_some() && plural(left) == plural(right)
}

fn key(line: &Line) -> (Target, Option<String>) {
    (line.need.target.clone(), line.namespace.clone())
}

/// Whether a rule has come to allow what a line misses.
fn adds(rule: &Rule, before: &Rule, line: &Line) -> bool {
    let allows = |rule: &Rule| {
        let verbs = verbs_of(&rule.policy);
        verbs
            .get(&line.need.target)
            .is_some_and(|verbs| verbs.contains(&line.need.verb))
    };
    allows(rule) && !allows(before)
}

fn is_at(comment: &Comment, line: &Line) -> bool {
    line.source().is_some_and(|source| {
        source.path == comment.at.path && source.line == Some(comment.at.line)
    })
}

impl Change {
    fn is_one(&self) -> bool {
        self.rules != [self.comment.rule.clone()] || !self.below.is_empty()
    }

    /// How this comment comes to allow what a line misses.
    fn adding(&self, line: &Line) -> Option<Advice> {
        let place = self.place();
        let text = if let Some(rule) = self.below.get(&key(line)) {
            format!("add `// +opgen:rbac:{rule}` below `{place}`")
        } else if self
            .rules
            .iter()
            .any(|rule| adds(rule, &self.comment.rule, line))
        {
            format!("add `{}` to the verbs in `{place}`", line.need.verb)
        } else {
            return None;
        };
        Some(self.advice(text))
    }

    /// How this comment no longer allows what was never used.
    fn removing(&self, line: &Line) -> Option<Advice> {
        let place = self.place();
        let others_stay = |rule: &Rule| {
            let policy = PolicyRule {
                verbs: rule.policy.verbs.clone(),
                ..self.comment.rule.policy.clone()
            };
            policy == rule.policy
        };
        let text = match self.rules.as_slice() {
            [rule] if *rule == self.comment.rule => return None,
            [] => format!("remove the comment in `{place}`, or test what needs it"),
            [rule] if others_stay(rule) => {
                let verb = &line.need.verb;
                format!("take `{verb}` out of the verbs in `{place}`, or test what needs it")
            }
            rules => {
                let rules: Vec<_> = rules
                    .iter()
                    .map(|rule| format!("`// +opgen:rbac:{rule}`"))
                    .collect();
                format!(
                    "write {} in `{place}`, or test what needs it",
                    rules.join(" and ")
                )
            }
        };
        Some(self.advice(text))
    }

    fn advice(&self, text: String) -> Advice {
        Advice {
            text,
            at: Some(self.comment.at.clone()),
        }
    }

    fn place(&self) -> String {
        let at = &self.comment.at;
        format!("{}:{}", at.path, at.line)
    }

    /// The source with this comment as it should be.
    fn apply(&self, source: &str) -> String {
        let text = &self.comment.text;
        let line = source[..text.start].rfind('\n').map_or(0, |end| end + 1);
        let end = source[text.end..]
            .find('\n')
            .map_or(source.len(), |end| text.end + end + 1);
        // `    // +opgen:rbac:`, also behind code.
        let before = &source[line..text.start];
        let code = before.find("//").unwrap_or_default();
        let (code, marker) = before.split_at(code);
        let (indent, is_alone) = (code, code.trim().is_empty());
        let comment = |rule: &Rule| {
            format!(
                "{}// +opgen:rbac:{rule}\n",
                if is_alone { indent } else { "" }
            )
        };
        let mut own = self.rules.iter();
        let mut lines = match (own.next(), is_alone) {
            (Some(rule), _) => format!("{code}{marker}{rule}\n"),
            (None, true) => String::new(),
            (None, false) => format!("{}\n", code.trim_end()),
        };
        lines.extend(own.chain(self.below.values()).map(comment));
        format!("{}{lines}{}", &source[..line], &source[end..])
    }
}

/// The verbs of each resource and path of a rule.
fn verbs_of(policy: &PolicyRule) -> BTreeMap<Target, BTreeSet<String>> {
    let resources = policy.api_groups.iter().flat_map(|group| {
        policy.resources.iter().map(|resource| Target::Resource {
            group: group.clone(),
            resource: resource.clone(),
        })
    });
    let urls = policy.non_resource_urls.iter().cloned().map(Target::Url);
    resources
        .chain(urls)
        .map(|target| (target, policy.verbs.clone()))
        .collect()
}

/// As few rules as say this, in other respects like another one.
fn rules(verbs: BTreeMap<Target, BTreeSet<String>>, like: &Rule) -> Vec<Rule> {
    let mut alike: BTreeMap<(Option<String>, BTreeSet<String>), PolicyRule> = BTreeMap::new();
    for (target, verbs) in verbs.into_iter().filter(|(_, verbs)| !verbs.is_empty()) {
        let policy = about_target(&target);
        let group = policy.api_groups.first().cloned();
        let rule = alike.entry((group, verbs.clone())).or_default();
        rule.api_groups.extend(policy.api_groups);
        rule.resources.extend(policy.resources);
        rule.non_resource_urls.extend(policy.non_resource_urls);
        rule.verbs = verbs;
    }
    let mut united: Vec<PolicyRule> = Vec::new();
    for rule in alike.into_values() {
        let same = |other: &&mut PolicyRule| {
            other.resources == rule.resources
                && other.verbs == rule.verbs
                && !rule.api_groups.is_empty()
        };
        match united.iter_mut().find(same) {
            Some(other) => other.api_groups.extend(rule.api_groups),
            None => united.push(rule),
        }
    }
    let rule = |policy: PolicyRule| Rule {
        policy: PolicyRule {
            resource_names: like.policy.resource_names.clone(),
            ..policy
        },
        ..like.clone()
    };
    united.into_iter().map(rule).collect()
}

/// A rule about one resource or path, still without verbs.
fn about_target(target: &Target) -> PolicyRule {
    let mut policy = PolicyRule::default();
    match target {
        Target::Url(path) => drop(policy.non_resource_urls.insert(path.clone())),
        Target::Resource { group, resource } => {
            policy.api_groups.insert(group.clone());
            policy.resources.insert(resource.clone());
        }
    }
    policy
}

#[cfg(test)]
mod tests;
