//! `a-group-with-a-name-of-forty-letters.plus.example.com/v1alpha1`.

pub mod kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk;
