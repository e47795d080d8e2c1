//! `Deployment`: the operator may list it, and does.

use crate::{NAMESPACE, start};

const RESOURCE: &str = "deployments";

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn objects_are_listed() -> anyhow::Result<()> {
    let (environment, _operator) = start().await?;
    let account = format!("system:serviceaccount:{NAMESPACE}:");
    let requests = environment.requests()?;
    let mut ours = requests.iter().filter(|it| it.user.starts_with(&account));
    let list = ours.find(|it| it.verb == "list" && it.resource == RESOURCE);
    assert!(list.is_some_and(|it| it.code == 200), "{requests:?}");
    Ok(())
}
