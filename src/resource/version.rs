//! Versions in Kubernetes' form, and their order.

use std::{cmp::Ordering, str::FromStr};

use super::{Version, dns};
use crate::problem::Problem;

impl FromStr for Version {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match Stability::parse(text) {
            Some(_) if text.len() <= dns::LABEL => Ok(Self(text.to_owned())),
            _ => Err(Problem::new(format!(
                "invalid version `{text}`: it must be `v` and a number, with `alpha` or `beta` and a number behind it if need be"
            ))
            .help("try `v1`, `v1alpha1` or `v1beta2`")),
        }
    }
}

/// A version taken apart, in the order of maturity.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stability {
    level: u8,
    major: u64,
    minor: u64,
}

impl Stability {
    /// `v1`, `v1alpha1`, `v1beta1`: `v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?`, as Kubernetes' API conventions have it.
    fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| match digits.starts_with('0') {
            true => None,
            false if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            false => None,
        };
        let rest = text.strip_prefix('v')?;
        for (level, word) in [(0, "alpha"), (1, "beta")] {
            if let Some((major, minor)) = rest.split_once(word) {
                return Some(Self {
                    level,
                    major: number(major)?,
                    minor: number(minor)?,
                });
            }
        }
        Some(Self {
            level: 2,
            major: number(rest)?,
            minor: 0,
        })
    }
}

impl Version {
    /// The order in which versions of a kind stand in a CRD: oldest and least mature first.
    pub fn order(left: &str, right: &str) -> Ordering {
        let key = |text: &str| {
            Stability::parse(text).map(|found| (found.major, found.level, found.minor))
        };
        key(left).cmp(&key(right)).then_with(|| left.cmp(right))
    }

    /// The Rust module of this version.
    pub fn module(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_kubernetes_form() {
        for good in ["v1", "v10", "v1alpha1", "v2beta13"] {
            assert!(good.parse::<Version>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "v",
            "1",
            "v0",
            "v01",
            "v1foo",
            "v1alpha",
            "v1alpha0",
            "V1",
            "v1.0",
            "v1alpha1beta1",
            "v+1",
            "v1alpha+1",
            "example.com",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_stand_from_the_oldest_to_the_newest() {
        let mut versions = [
            "v2", "v10", "v1", "v1beta1", "v2alpha1", "v1alpha2", "v1alpha1",
        ];
        versions.sort_by(|left, right| Version::order(left, right));
        assert_eq!(
            versions,
            [
                "v1alpha1", "v1alpha2", "v1beta1", "v1", "v2alpha1", "v2", "v10"
            ]
        );
    }
}
