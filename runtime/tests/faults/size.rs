//! How much the tests do: enough to see each fault in CI, or as much as `make faults` wants.

use std::time::Duration;

fn either<T>(short: T, full: T) -> T {
    match std::env::var("FAULTS").as_deref() {
        Ok("full") => full,
        Ok("") | Err(_) => short,
        Ok(other) => panic!("FAULTS is `{other}`: use `full`, or leave it out"),
    }
}

/// Widgets while servers fail and the network does.
pub fn objects() -> usize {
    either(60, 1000)
}

/// Widgets of tests whose fault does not grow with their number.
pub fn few_objects() -> usize {
    either(12, 100)
}

/// Operators that are ended at random moments.
pub fn ends() -> usize {
    either(8, 100)
}

/// Leaders that are frozen, cut off or killed.
pub fn leaders() -> usize {
    either(3, 20)
}

/// Reconciles during which memory must not grow.
pub fn churn() -> u64 {
    either(10_000, 100_000)
}

/// Rounds of edits meanwhile: 80 reconciles each that write.
pub fn edits() -> usize {
    either(10, 150)
}

/// How long anything may take before a test fails.
pub fn patience() -> Duration {
    Duration::from_secs(either(180, 900))
}
