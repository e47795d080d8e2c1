//! The group `a-group-with-a-name-of-forty-letters.plus.example.com`.

pub mod v1alpha1;
