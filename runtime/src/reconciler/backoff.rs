//! How long an object that failed waits for its next reconcile.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(300);

/// The delay after the given number of failures in a row, the one that just happened included:
/// 200 ms, 400 ms, 800 ms and so on, at most 300 s, less up to a fifth.
///
/// `fraction` is a random number in `0.0..1.0`. Many objects that failed for one reason would
/// otherwise all come back at the same instant.
pub(crate) fn delay(failures: u32, fraction: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(1.0 - fraction / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_five_minutes() {
        let without_jitter: Vec<_> = [1, 2, 3, 11, 12, 1000]
            .map(|failures| delay(failures, 0.0).as_millis())
            .into();
        assert_eq!(without_jitter, [200, 400, 800, 204_800, 300_000, 300_000]);
    }

    #[test]
    fn jitter_only_shortens_the_delay() {
        assert_eq!(delay(1, 0.5), Duration::from_millis(180));
        assert!(delay(1, 0.999) >= Duration::from_millis(160));
    }
}
