//! Kubernetes Events about the objects of a controller: what `kubectl describe` shows.

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use tokio::sync::mpsc;

use crate::conditions;
use crate::error::describe;

/// How many events may wait to be sent.
const QUEUE: usize = 1024;
/// What the API server takes for a note, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Publishes Events in a controller's name. Get it from [`Setup::events`](crate::Setup::events);
/// clones share the queue.
///
/// The API server is asked with the verbs `create` and `patch` on `events.events.k8s.io`: the same
/// event again, within six minutes, is counted on the one that is there.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Message>,
}

struct Message {
    event: Event,
    about: ObjectReference,
}

impl Events {
    /// The handle, and the task that sends what is published.
    pub(crate) fn new(client: Client, controller: &str) -> (Self, BoxFuture<'static, ()>) {
        let reporter = Reporter {
            instance: std::env::var("POD_NAME")
                .ok()
                .filter(|name| !name.is_empty()),
            controller: controller.to_owned(),
        };
        let recorder = Recorder::new(client, reporter);
        let (queue, messages) = mpsc::channel(QUEUE);
        (Self { queue }, send_all(recorder, messages).boxed())
    }

    /// Publishes an event about `object`, soon and at best: this does not wait, and neither a
    /// refusal by the API server nor too many events at once fail the reconcile.
    ///
    /// - `reason`: why, one word in `CamelCase`, for example `Available`.
    /// - `action`: what was done, one word in `CamelCase`, for example `Reconcile`.
    /// - `note`: a sentence for people; cut to the 1024 bytes that the API server takes.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::core::v1::Secret;
    /// # use opgen_runtime::{EventType, Events};
    /// # fn example(events: Events, secret: Secret) {
    /// events.publish(&secret, EventType::Normal, "Rotated", "Rotate", "a new key is in place");
    /// # }
    /// ```
    pub fn publish<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        type_: EventType,
        reason: impl Into<String>,
        action: impl Into<String>,
        note: impl Into<String>,
    ) {
        let event = Event {
            type_,
            reason: reason.into(),
            action: action.into(),
            note: Some(cut(note.into())),
            secondary: None,
        };
        let message = Message {
            event,
            about: object.object_ref(&()),
        };
        if let Err(error) = self.queue.try_send(message) {
            tracing::debug!(%error, "an event is dropped");
        }
    }

    /// Publishes what a condition has become, if it was otherwise in `before`, with its message as
    /// the note: when it is true now, a normal event with its type as the reason; when it no longer
    /// is, a warning with `Not` before that. One that is new and not true is no transition.
    ///
    /// Take [`conditions`](crate::conditions) that are true when all is well, such as `Available`.
    ///
    /// ```no_run
    /// # use k8s_openapi::api::batch::v1::Job;
    /// # use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
    /// # use opgen_runtime::{Events, conditions};
    /// # fn example(events: Events, job: Job, mut list: Vec<Condition>) {
    /// let ready = conditions::new("Ready", true, "Started", "all pods run", Some(1));
    /// events.transition(&job, &list, &ready);
    /// conditions::set(&mut list, ready);
    /// # }
    /// ```
    pub fn transition<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        before: &[Condition],
        now: &Condition,
    ) {
        if let Some((type_, reason)) = transition(before, now) {
            self.publish(object, type_, reason, "Reconcile", &now.message);
        }
    }
}

fn transition(before: &[Condition], now: &Condition) -> Option<(EventType, String)> {
    let is_true = |condition: &Condition| condition.status == "True";
    let was = conditions::find(before, &now.type_).is_some_and(is_true);
    match (was, is_true(now)) {
        (false, true) => Some((EventType::Normal, now.type_.clone())),
        (true, false) => Some((EventType::Warning, format!("Not{}", now.type_))),
        (true, true) | (false, false) => None,
    }
}

/// One after the other: the recorder counts a repeated event only if the first one is through.
async fn send_all(recorder: Recorder, mut messages: mpsc::Receiver<Message>) {
    while let Some(Message { event, about }) = messages.recv().await {
        if let Err(error) = recorder.publish(&event, &about).await {
            tracing::warn!(
                object = about.name,
                reason = event.reason,
                "cannot publish an event: {}",
                describe(&error)
            );
        }
    }
}

/// At most [`LONGEST_NOTE`] bytes, whole characters only.
fn cut(mut note: String) -> String {
    const ELLIPSIS: &str = "…";
    if note.len() > LONGEST_NOTE {
        let end = (0..=LONGEST_NOTE - ELLIPSIS.len())
            .rev()
            .find(|end| note.is_char_boundary(*end));
        note.truncate(end.unwrap_or_default());
        note.push_str(ELLIPSIS);
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_a_transition() {
        let available = |ok| conditions::new("Available", ok, "Enough", "", None);
        let reason = |before: &[Condition], ok| transition(before, &available(ok)).map(|it| it.1);
        assert_eq!(reason(&[], false), None);
        assert_eq!(reason(&[], true).as_deref(), Some("Available"));
        assert_eq!(
            reason(&[available(true)], false).as_deref(),
            Some("NotAvailable")
        );
        assert_eq!(reason(&[available(true)], true), None);
    }

    #[test]
    fn a_note_is_cut_between_characters() {
        assert_eq!(cut("short".to_owned()), "short");
        for note in ["x".repeat(2000), "ü".repeat(1000)] {
            let cut = cut(note);
            assert!((1020..=1024).contains(&cut.len()), "{}", cut.len());
            assert!(cut.ends_with('…'));
        }
    }
}
