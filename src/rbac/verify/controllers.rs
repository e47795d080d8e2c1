//! What the controllers of an operator did while it was recorded: a permission that was not used may belong to what was
//! never done.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::rbac::usage::{Reconcile, Request, Target};

/// How many objects a controller dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Controller {
    /// Its name.
    pub name: String,
    /// Objects that it was through with at least once.
    pub reconciled: usize,
    /// Objects of other kinds that were there and that it changed.
    pub repaired: usize,
    /// Objects that were deleted and that it was through with.
    pub cleaned_up: usize,
    /// Objects that it failed with at least once.
    pub failed: usize,
}

#[derive(Debug, Default)]
pub(super) struct Controllers(BTreeMap<String, Objects>);

#[derive(Debug, Default)]
struct Objects {
    reconciled: BTreeSet<String>,
    repaired: BTreeSet<(Target, String, String)>,
    cleaned_up: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Controllers {
    /// These are there, whether they do anything or not.
    pub(super) fn announce(&mut self, names: &[String]) {
        for name in names {
            self.0.entry(name.clone()).or_default();
        }
    }

    pub(super) fn reconciled(&mut self, reconcile: &Reconcile) {
        let objects = self.0.entry(reconcile.controller.clone()).or_default();
        let set = match (reconcile.outcome.as_str(), reconcile.deleting) {
            ("success", false) => &mut objects.reconciled,
            ("success", true) => &mut objects.cleaned_up,
            _ => &mut objects.failed,
        };
        set.insert(reconcile.object.clone());
    }

    /// An apply to what was there already repairs it; the status of an object is not its own.
    pub(super) fn requested(&mut self, request: &Request) {
        let of_object =
            matches!(&request.target, Target::Resource { resource, .. } if !resource.contains('/'));
        if request.apply
            && request.code == Some(200)
            && of_object
            && let Some(objects) = self.0.get_mut(&request.manager)
        {
            let (namespace, name) = (request.namespace.clone(), request.name.clone());
            objects
                .repaired
                .insert((request.target.clone(), namespace, name));
        }
    }

    pub(super) fn counts(&self) -> Vec<Controller> {
        let counts = |(name, objects): (&String, &Objects)| Controller {
            name: name.clone(),
            reconciled: objects.reconciled.len(),
            repaired: objects.repaired.len(),
            cleaned_up: objects.cleaned_up.len(),
            failed: objects.failed.len(),
        };
        self.0.iter().map(counts).collect()
    }

    /// Whether objects of more than one name, and in more than one namespace, were dealt with: only then it says
    /// something that a permission was used for a single one.
    pub(super) fn variety(&self) -> (bool, bool) {
        let objects = self.0.values().flat_map(|it| &it.reconciled);
        let split = objects.map(|object| object.split_once('/').unwrap_or(("", object)));
        let (namespaces, names): (BTreeSet<_>, BTreeSet<_>) = split.unzip();
        (names.len() > 1, namespaces.len() > 1)
    }
}
