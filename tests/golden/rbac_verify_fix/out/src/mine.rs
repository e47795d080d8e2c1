//! Mine.

// +opgen:rbac:groups=apps,resources=deployments,verbs=delete because "it" says so
pub fn mine() {
    let _ = 1;
// +opgen:rbac:groups=core,resources=secrets,verbs=get
}
