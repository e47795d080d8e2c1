//! From RBAC comments to roles: reads the rules, checks them against what Kubernetes accepts, unites and renders them.

mod arguments;
mod check;
mod comment;
pub mod fix;
mod render;
mod risk;
mod roles;
mod rule;
pub mod usage;
pub mod verify;

pub use self::comment::{Comment, Reading, read};
pub use self::render::{render, render_bindings};
pub(crate) use self::risk::is_id as is_risk;
pub use self::roles::{Account, Granted, Role, RoleDefaults, roles};
pub use self::rule::{PolicyRule, Rule};

#[cfg(test)]
mod tests;
