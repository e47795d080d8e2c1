//! The API types of myapp, a module per group, version and kind.

pub mod a_group_with_a_name_of_forty_letters_plus;
