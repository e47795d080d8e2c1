//! The controllers of the group `a-group-with-a-name-of-forty-letters.plus`.

pub mod kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk;
