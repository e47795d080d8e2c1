//! The controllers, a module per group and kind.
