//! `Other`: its sample is accepted, and its status tells that it was seen.

use std::time::Duration;

use kube::Api;
use opgen_runtime::{conditions, envtest::eventually};

use myapp_api::apps::v1::other::Other;

use crate::{NAMESPACE, start};

const SAMPLE: &str = "config/samples/apps_v1_other.yaml";
const NAME: &str = "other-sample";
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_object_becomes_ready() -> anyhow::Result<()> {
    let (environment, operator) = start().await?;
    let apply = ["apply", "--server-side", "-n", NAMESPACE, "-f", SAMPLE];
    environment.kubectl(&apply).await?;
    let objects: Api<Other> = Api::namespaced(environment.client(), NAMESPACE);
    eventually("the object is ready", LIMIT, async || {
        let object = objects.get(NAME).await.map_err(|error| error.to_string())?;
        let status = object.status.clone().unwrap_or_default();
        let ready = conditions::find(&status.conditions, "Ready");
        match ready.is_some_and(|it| it.status == "True") {
            true => Ok(()),
            false => Err(format!("{object:?}")),
        }
    })
    .await;
    // It gives its lease back.
    assert!(operator.terminate().await?.success());
    Ok(())
}
