//! A resource as people name it on a command line.

use std::{fmt, str::FromStr};

use super::Target;

/// `deployments`, `deployments.apps`, `deployments.apps/status` or `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceName {
    /// A resource; without a group, one of any group.
    Resource {
        /// The API group, if it is named.
        group: Option<String>,
        /// The plural, with the subresource behind a slash.
        resource: String,
    },
    /// A path outside the API.
    Url(String),
}

impl ResourceName {
    /// What is meant, where the group is that of something known if none is named.
    #[must_use]
    pub fn target(&self, known: &Target) -> Target {
        match (self, known) {
            (Self::Url(path), _) => Target::Url(path.clone()),
            (Self::Resource { group, resource }, known) => Target::Resource {
                group: match (group, known) {
                    (Some(group), _) => group.clone(),
                    (None, Target::Resource { group, .. }) => group.clone(),
                    (None, Target::Url(_)) => String::new(),
                },
                resource: resource.clone(),
            },
        }
    }

    /// Whether a target is meant.
    #[must_use]
    pub fn is(&self, target: &Target) -> bool {
        self.target(target) == *target
    }
}

impl FromStr for ResourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Url(text.to_owned()));
        }
        let (name, subresource) = match text.split_once('/') {
            Some((name, subresource)) => (name, Some(subresource)),
            None => (text, None),
        };
        let (plural, group) = match name.split_once('.') {
            Some((plural, group)) => (plural, Some(group)),
            None => (name, None),
        };
        if plural.is_empty() || [subresource, group].contains(&Some("")) {
            return Err(
                "use `deployments`, `deployments.apps`, `deployments.apps/status` or `/metrics`"
                    .to_owned(),
            );
        }
        let resource = match subresource {
            Some(subresource) => format!("{plural}/{subresource}"),
            None => plural.to_owned(),
        };
        // Which is how a comment names the group without a name.
        let group = group.map(|group| if group == "core" { "" } else { group }.to_owned());
        Ok(Self::Resource { group, resource })
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = match self {
            Self::Resource { group, .. } => group.clone().unwrap_or_default(),
            Self::Url(_) => String::new(),
        };
        self.target(&Target::resource(&group, "", ""))
            .fmt(formatter)
    }
}
