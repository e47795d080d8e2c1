//! Names that cannot be wrong: project, domain, group, version, kind, plural. Every spelling of a name is computed here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

mod dns;
mod group;
mod kind;
mod project_name;
mod rust;
mod version;

pub use kind::TAKEN_TYPES;

/// A checked name. Reads and writes as the plain string.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = Problem;

            fn try_from(text: String) -> Result<Self, Problem> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }
    };
}

name!(
    /// The name of a project: of its cargo package, and the prefix of its Kubernetes objects.
    ProjectName
);
name!(
    /// The DNS domain below which a project's API groups stand, e.g. `example.com`.
    Domain
);
name!(
    /// An API group without the project's domain, e.g. `apps` of `apps.example.com`.
    Group
);
name!(
    /// An API version in Kubernetes' form, e.g. `v1` or `v1beta2`.
    Version
);
name!(
    /// The name of a type of objects in the singular, e.g. `MyApp`.
    Kind
);
name!(
    /// The lower-case plural that stands in URLs, e.g. `myapps`.
    Plural
);
name!(
    /// An abbreviation for kubectl, e.g. `ma`.
    ShortName
);
