//! What is granted beside what was used: [`Comparison`] takes in one request after the other, and ends in a [`Report`].

mod controllers;
mod everybody;
mod grant;
mod implied;
mod report;
mod role_files;

use std::collections::{BTreeMap, BTreeSet};

pub use self::controllers::Controller;
use self::controllers::Controllers;
pub use self::grant::{Grant, Scope, Source, grants};
pub use self::report::{Line, Report, State};
pub use self::role_files::RoleFiles;
use super::usage::{Header, Recording, Request, Target};
use crate::problem::Problem;

/// What was used of some grants, and what was used without one. Its size depends on how many permissions and objects
/// there are, not on how many requests.
#[derive(Debug, Default)]
pub struct Comparison {
    grants: Vec<Grant>,
    /// Of each grant.
    uses: Vec<Use>,
    /// With the namespace as a comment says it.
    missing: BTreeMap<(Need, Option<String>), Use>,
    controllers: Controllers,
    operator: Option<String>,
    /// The operator's own namespaces, where it is limited to them.
    own: Option<BTreeSet<String>>,
    requests: u64,
}

/// A permission that a request needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The verb.
    pub verb: String,
    /// What it is about.
    pub target: Target,
}

/// How a permission was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    /// How often.
    requests: u64,
    /// How often it was refused, although it is granted.
    refused: u64,
    /// Through `*`, what exactly.
    exactly: BTreeSet<Need>,
    names: Few,
    namespaces: Few,
    /// The controllers that made the requests, where they say so.
    managers: Few,
}

/// The first few of many values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Few(BTreeSet<String>);

impl Few {
    const MANY: usize = 3;

    fn add(&mut self, value: &str) {
        if self.0.len() < Self::MANY && !self.0.contains(value) {
            self.0.insert(value.to_owned());
        }
    }

    /// The value, if there was one alone.
    fn only(&self) -> Option<&str> {
        match self.0.len() {
            1 => self
                .0
                .first()
                .map(String::as_str)
                .filter(|value| !value.is_empty()),
            _ => None,
        }
    }
}

impl Use {
    fn count(&mut self, request: &Request) {
        self.requests += 1;
        self.names.add(&request.name);
        self.namespaces.add(&request.namespace);
        if !request.manager.is_empty() {
            self.managers.add(&request.manager);
        }
    }
}

impl Comparison {
    /// Begins with what is granted. `operator` is the name that recordings must have, if it is known; `own` are the
    /// namespaces of an operator that is limited to them.
    #[must_use]
    pub fn new(
        grants: Vec<Grant>,
        operator: Option<String>,
        own: Option<BTreeSet<String>>,
    ) -> Self {
        Self {
            uses: vec![Use::default(); grants.len()],
            grants,
            operator,
            own,
            ..Self::default()
        }
    }

    /// Takes in a line of a recording.
    ///
    /// # Errors
    /// A line of another operator than those before.
    pub fn recorded(&mut self, line: &Recording) -> Result<(), Problem> {
        match line {
            Recording::Begin(header) => self.begin(header)?,
            Recording::Request(request) => self.request(request),
            Recording::Reconcile(reconcile) => self.controllers.reconciled(reconcile),
        }
        Ok(())
    }

    fn begin(&mut self, header: &Header) -> Result<(), Problem> {
        let theirs = &header.operator;
        let known = self.operator.get_or_insert_with(|| theirs.clone());
        if known != theirs {
            let message = format!("the recording is of the operator `{theirs}`, not of `{known}`");
            return Err(Problem::new(message).help("give each operator a recording of its own"));
        }
        let namespaces = header.namespaces.iter().chain([&header.namespace]);
        let of_grants = self
            .grants
            .iter_mut()
            .filter_map(|grant| match &mut grant.scope {
                Scope::Own(own) => Some(own),
                _ => None,
            });
        for own in of_grants.chain(&mut self.own) {
            own.extend(namespaces.clone().cloned());
        }
        self.controllers.announce(&header.controllers);
        Ok(())
    }

    /// Takes in a request.
    pub fn request(&mut self, request: &Request) {
        self.requests += 1;
        self.controllers.requested(request);
        for (verb, allowed) in request.needs() {
            let mut granted = false;
            let need = || Need {
                verb: verb.to_owned(),
                target: request.target.clone(),
            };
            for (grant, used) in self.grants.iter().zip(&mut self.uses) {
                if !grant.allows(verb, request) {
                    continue;
                }
                granted = true;
                if !allowed {
                    used.refused += 1;
                    continue;
                }
                used.count(request);
                if !grant.wildcards().is_empty() {
                    used.exactly.insert(need());
                }
            }
            let needs_none = allowed && everybody::may(verb, request);
            if !granted && !needs_none {
                let key = (need(), self.namespace(request));
                self.missing.entry(key).or_default().count(request);
            }
        }
    }

    /// The namespace of a request as a comment has to say it, if it has to.
    fn namespace(&self, request: &Request) -> Option<String> {
        let own = self.own.as_ref()?;
        let of_api = matches!(request.target, Target::Resource { .. });
        (of_api && !own.contains(&request.namespace)).then(|| request.namespace.clone())
    }

    /// What comes out of it.
    #[must_use]
    pub fn report(self) -> Report {
        report::report(self)
    }
}

#[cfg(test)]
mod tests;
