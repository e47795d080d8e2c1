//! How far an operator is, as a watch shows it: nobody has to ask the API server all the time.

use std::{collections::HashMap, pin::pin, time::Duration};

use futures::StreamExt;
use kube::{
    Api, Client,
    api::ApiResource,
    core::{GroupVersionKind, Object},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::Deserialize;
use tokio::sync::watch;

use crate::objects::NAMESPACE;

/// Longer than any phase takes.
const PATIENCE: Duration = Duration::from_secs(900);

#[derive(Clone, Debug, Deserialize)]
struct Spec {}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    observed_generation: Option<usize>,
}

/// How many objects there are, and how many have a status of their first and second generation.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub present: usize,
    pub observed: [usize; 2],
}

pub struct Progress(watch::Receiver<State>);

impl Progress {
    pub fn follow(client: Client) -> Self {
        let (sender, receiver) = watch::channel(State::default());
        tokio::spawn(keep(client, sender));
        Self(receiver)
    }

    /// # Panics
    ///
    /// When it takes too long.
    pub async fn reaches(&self, what: &str, is_reached: impl Fn(&State) -> bool) {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|state| is_reached(state));
        let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
        let state = self.0.borrow().clone();
        assert!(reached, "waited in vain until {what}: {state:?}");
    }
}

async fn keep(client: Client, sender: watch::Sender<State>) {
    let kind = GroupVersionKind::gvk("apps.example.com", "v1", "MyApp");
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<Object<Spec, Status>> = Api::namespaced_with(client, NAMESPACE, &resource);
    let mut observed = HashMap::new();
    let mut events = pin!(watcher(api, watcher::Config::default()).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => {
                observed.clear();
                sender.send_replace(State::default());
            }
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                let status = object.status.and_then(|it| it.observed_generation);
                let (name, now) = (object.metadata.name.unwrap(), status.unwrap_or(0));
                let before = observed.insert(name, now);
                sender.send_modify(|state| {
                    state.leave(before);
                    state.enter(now);
                });
            }
            Ok(Event::Delete(object)) => {
                let before = observed.remove(&object.metadata.name.unwrap());
                sender.send_modify(|state| state.leave(before));
            }
            Ok(Event::InitDone) | Err(_) => {}
        }
    }
}

impl State {
    fn enter(&mut self, generation: usize) {
        self.present += 1;
        for seen in self.observed.iter_mut().take(generation) {
            *seen += 1;
        }
    }

    fn leave(&mut self, before: Option<usize>) {
        let Some(generation) = before else { return };
        self.present -= 1;
        for seen in self.observed.iter_mut().take(generation) {
            *seen -= 1;
        }
    }
}
