//! A little randomness without a dependency: for names that should differ and delays that should not align.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number that differs from call to call and process to process. Not for secrets.
pub(crate) fn number() -> u64 {
    // The standard library seeds the first `RandomState` of a thread from the operating system.
    RandomState::new().build_hasher().finish()
}

/// A number in `0.0..1.0`.
pub(crate) fn fraction() -> f64 {
    // 53 bits are what an f64 can hold exactly.
    (number() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_below_one_and_differ() {
        let first = fraction();
        assert!((0.0..1.0).contains(&first));
        assert!((0..10).any(|_| fraction() != first));
    }
}
