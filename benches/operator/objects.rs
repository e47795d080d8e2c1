//! The objects that operators work on, and the requests that make, edit and delete them.

use std::collections::BTreeMap;

use futures::{Stream, StreamExt, stream};
use kube::{
    Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    core::Request,
};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "default";
pub const OBJECTS: &str = "/apis/apps.example.com/v1/namespaces/default/myapps";
pub const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
pub const IMAGE: &str = "nginx:1.29";
/// What objects ask for when they are made, and after the edit.
pub const REPLICAS: [u32; 2] = [2, 3];
/// Requests of ours at the same time, while an operator works.
const EDITORS: usize = 8;
/// The same, when nobody is measured.
const MAKERS: usize = 20;
const PAGE: u32 = 500;

pub fn name(number: u32) -> String {
    format!("myapp-{number}")
}

/// Runs `work` for every number, so many at the same time. What it gives is in the order in which it came.
pub async fn each<T>(
    numbers: impl Stream<Item = u32>,
    at_once: usize,
    work: impl AsyncFn(u32) -> T,
) -> Vec<T> {
    numbers
        .map(|number| work(number))
        .buffer_unordered(at_once)
        .collect()
        .await
}

pub struct Objects {
    client: Client,
    pub count: u32,
}

impl Objects {
    pub fn new(client: Client, count: u32) -> Self {
        Self { client, count }
    }

    fn numbers(&self) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..self.count)
    }

    /// Makes all, and gives their uids.
    pub async fn create(&self) -> Vec<String> {
        let made = each(self.numbers(), MAKERS, async |number| {
            let object = json!({
                "apiVersion": "apps.example.com/v1",
                "kind": "MyApp",
                "metadata": { "name": name(number) },
                "spec": { "image": IMAGE, "replicas": REPLICAS[0] },
            });
            let body = object.to_string().into_bytes();
            let request = Request::new(OBJECTS).create(&PostParams::default(), body);
            let answer = send(&self.client, request).await;
            let uid = answer["metadata"]["uid"].as_str();
            (number, uid.unwrap().to_owned())
        })
        .await;
        BTreeMap::from_iter(made).into_values().collect()
    }

    /// Edits all, and says of each that it is done.
    pub async fn edit(&self, done: impl Fn(u32)) {
        each(self.numbers(), EDITORS, async |number| {
            let edit = json!({ "spec": { "replicas": REPLICAS[1] } });
            let patch = Patch::Merge(&edit);
            let request =
                Request::new(OBJECTS).patch(&name(number), &PatchParams::default(), &patch);
            send_only(&self.client, request).await;
            done(number);
        })
        .await;
    }

    /// Deletes all, and says of each that it is done.
    pub async fn delete(&self, done: impl Fn(u32)) {
        each(self.numbers(), EDITORS, async |number| {
            let request = Request::new(OBJECTS).delete(&name(number), &DeleteParams::default());
            send_only(&self.client, request).await;
            done(number);
        })
        .await;
    }

    /// # Panics
    ///
    /// When not every object has a Deployment of that size.
    pub async fn check_deployments(&self, replicas: u32) {
        let mut right = 0;
        let mut list = ListParams::default().limit(PAGE);
        loop {
            let page = send(&self.client, Request::new(DEPLOYMENTS).list(&list)).await;
            let items = page["items"].as_array().unwrap();
            let is_right = |item: &&Value| item["spec"]["replicas"] == replicas;
            right += items.iter().filter(is_right).count();
            match page["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => list = list.continue_token(token),
                _ => break,
            }
        }
        assert_eq!(
            right, self.count as usize,
            "Deployments with {replicas} replicas"
        );
    }

    /// Deletes the Deployments: there is no controller-manager, which would do it.
    pub async fn clear(&self) {
        each(self.numbers(), MAKERS, async |number| {
            let request = Request::new(DEPLOYMENTS).delete(&name(number), &DeleteParams::default());
            send_only(&self.client, request).await;
        })
        .await;
    }
}

type Prepared = Result<http::Request<Vec<u8>>, kube::core::request::Error>;

/// # Panics
///
/// When the API server refuses it.
pub async fn send(client: &Client, request: Prepared) -> Value {
    client.request(request.unwrap()).await.unwrap()
}

/// Does not look into the answer.
///
/// # Panics
///
/// When the API server refuses it.
pub async fn send_only(client: &Client, request: Prepared) {
    client.request_text(request.unwrap()).await.unwrap();
}
