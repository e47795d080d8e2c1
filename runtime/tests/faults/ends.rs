//! Operators that are ended at random moments.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use opgen_runtime::envtest::Operator;

use crate::size;
use crate::stage::{Stage, names};

const SIGTERM: i32 = 15;
/// About as long as a start and the work of a round take.
const LONGEST_LIFE: u64 = 1500;

#[tokio::test]
#[ignore = "needs kube-apiserver: make test"]
async fn an_operator_is_ended_at_random_moments() {
    let stage = Stage::new().await;
    let seed = fastrand::u64(..);
    eprintln!("the seed: {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let count = size::few_objects();
    for round in 0..size::ends() {
        // Each round works on other Widgets, half of which are those of the round before.
        let first = round * count / 2;
        stage
            .set(&names(first..first + count), &round.to_string())
            .await;
        if round > 0 {
            stage.delete(&names(first - count / 2..first)).await;
        }
        let operator = stage.operator("operator", &[]).await;
        let life = Duration::from_millis(random.u64(..LONGEST_LIFE));
        tokio::time::sleep(life).await;
        end(operator, random.bool()).await;

        let operator = stage.operator("operator", &[]).await;
        stage.converged().await;
        end(operator, random.bool()).await;
    }
}

async fn end(operator: Operator, gently: bool) {
    if !gently {
        return operator.kill();
    }
    let log = operator.log();
    let status = operator.terminate().await.unwrap();
    // Before it listens for the signal, nothing has begun that would have to be ended.
    let had_not_begun = status.signal() == Some(SIGTERM) && !log.contains("serving");
    assert!(status.success() || had_not_begun, "{status}:\n{log}");
}
