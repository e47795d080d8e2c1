//! The kinds that Kubernetes has of its own, as `k8s-openapi` 0.29 knows those of Kubernetes 1.37.

/// Group, version, kind, plural, scope and module of `k8s-openapi`, a line each, sorted.
/// Written by `make bless` from the sources of `k8s-openapi`; a test holds it equal to them.
const TABLE: &str = include_str!("builtin.txt");

/// A kind of Kubernetes' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The whole group, e.g. `rbac.authorization.k8s.io`, or `core`.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The plural.
    pub plural: &'static str,
    /// False for a cluster-scoped kind.
    pub namespaced: bool,
    /// The module below `k8s_openapi::api`, e.g. `rbac`.
    pub module: &'static str,
}

/// Every kind, sorted.
pub fn all() -> impl Iterator<Item = BuiltIn> {
    TABLE.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let mut word = || words.next();
        let (group, version, kind, plural) = (word()?, word()?, word()?, word()?);
        let (namespaced, module) = (word()? == "Namespaced", word()?);
        Some(BuiltIn {
            group,
            version,
            kind,
            plural,
            namespaced,
            module,
        })
    })
}

/// The kind of that name, by its whole group or by the short form of it, such as `rbac`.
pub fn find(group: &str, version: &str, kind: &str) -> Option<BuiltIn> {
    all().find(|known| {
        (known.group == group || known.module == group)
            && known.version == version
            && known.kind == kind
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_whole_group_and_by_its_short_form() {
        let role = find("rbac", "v1", "ClusterRole").unwrap();
        assert_eq!(
            Some(role),
            find("rbac.authorization.k8s.io", "v1", "ClusterRole")
        );
        assert_eq!((role.plural, role.namespaced), ("clusterroles", false));
        assert_eq!(find("core", "v1", "Pod").unwrap().plural, "pods");
        assert_eq!(find("apps", "v2", "Deployment"), None);
        assert_eq!(all().count(), TABLE.lines().count());
    }
}
