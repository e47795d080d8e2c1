//! Runs a kube-apiserver and etcd until its input ends, and prints the path of a kubeconfig: a cluster without nodes,
//! to try things out.

use opgen_runtime::envtest::Environment;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is what the caller asks for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::start().await?;
    println!("{}", environment.kubeconfig().display());
    tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
    Ok(())
}
