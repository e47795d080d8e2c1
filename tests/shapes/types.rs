//! The types that the kinds of `table.rs` have at `spec.value`.

#![allow(missing_docs)]

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! types {
    ($($(#[$attribute:meta])* $what:ident $name:ident $body:tt)*) => {
        $(
            #[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
            $(#[$attribute])*
            pub $what $name $body
        )*
    };
}

types! {
    #[derive(Eq, PartialOrd, Ord)]
    struct Inner {
        pub count: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub text: Option<String>,
    }
    #[derive(Default, Eq, PartialOrd, Ord)]
    enum Mode {
        Slow,
        #[default]
        Fast,
    }
    /// How.
    enum Documented {
        /// The first.
        First,
        /// The second,
        /// in two lines.
        Second,
    }
    enum PartlyDocumented {
        A,
        /// Documented.
        B,
        C,
    }
    #[serde(rename_all = "SCREAMING-KEBAB-CASE")]
    enum Renamed {
        OneThing,
        #[serde(rename = "other")]
        OtherThing,
    }
    enum Single {
        Only,
    }
    #[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
    enum External {
        /// One number.
        Newtype(i32),
        Tuple(i32, i32),
        /// Named.
        Struct { a: String, long_name: Option<i32> },
        Unit {},
    }
    #[serde(untagged)]
    enum UntaggedStructs {
        A { a: i32 },
        B { b: String },
    }
    #[serde(untagged)]
    enum UntaggedScalars {
        Number(i32),
        Text(String),
    }
    #[serde(untagged)]
    enum UntaggedNumbers {
        Whole(i64),
        Real(f64),
    }
    #[serde(untagged)]
    enum UntaggedMix {
        Text(String),
        List(Vec<String>),
    }
    #[serde(untagged)]
    enum UntaggedObject {
        Text(String),
        Object { a: i32 },
    }
    enum Never {}
    #[serde(rename_all = "camelCase")]
    enum NeverOrNumber {
        Never(Never),
        Number(i32),
    }
    #[serde(tag = "type")]
    enum Internal {
        /// In memory.
        Memory { size: i32 },
        Disk { path: String },
    }
    #[serde(tag = "type")]
    enum InternalUnit {
        On,
        Off,
    }
    #[serde(tag = "kind", rename_all = "camelCase")]
    enum InternalMixed {
        Nothing,
        Something { of: String },
    }
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        A(i32),
        B(String),
    }
    enum Mixing {
        None,
        Some(i32),
    }
    #[serde(untagged)]
    enum Clashing {
        A { value: i32 },
        B { value: String },
    }
    enum TupleVariant {
        A(i32, String),
        B(bool),
    }
    struct Tree {
        pub name: String,
        pub children: Vec<Tree>,
    }
    struct CutTree {
        pub name: String,
        #[schemars(schema_with = "anything")]
        pub children: Vec<CutTree>,
    }
    struct FlattenedStruct {
        pub own: i32,
        #[serde(flatten)]
        pub inner: Inner,
    }
    struct FlattenedValues {
        pub own: i32,
        #[serde(flatten)]
        pub rest: BTreeMap<String, Value>,
    }
    struct FlattenedStrings {
        pub own: i32,
        #[serde(flatten)]
        pub rest: BTreeMap<String, String>,
    }
    #[serde(rename_all = "camelCase")]
    enum Choice {
        Left(i32),
        Right { a: String },
    }
    struct FlattenedEnum {
        pub own: i32,
        #[serde(flatten)]
        pub choice: Choice,
    }
    struct FlattenedUntagged {
        pub own: i32,
        #[serde(flatten)]
        pub choice: UntaggedStructs,
    }
    #[serde(rename_all = "camelCase")]
    struct RenamedFields {
        pub long_name: i32,
        #[serde(rename = "type")]
        pub other: i32,
    }
    #[derive(Default)]
    struct Skipped {
        pub kept: i32,
        #[serde(skip)]
        pub skipped: i32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub empty: Vec<String>,
    }
    struct Aliased {
        #[serde(alias = "title")]
        pub name: String,
    }
    struct Defaulted {
        #[serde(default = "one")]
        pub count: i32,
        #[serde(default)]
        pub names: Vec<String>,
        #[serde(default)]
        pub mode: Mode,
        #[serde(default)]
        pub nested: BTreeMap<String, i32>,
        #[serde(default)]
        pub nothing: Option<i32>,
    }
    #[serde(deny_unknown_fields)]
    struct Denying {
        pub a: i32,
    }
    #[serde(transparent)]
    struct Transparent {
        pub inner: u16,
    }
    struct EmptyStruct {}
    struct Shared {
        pub a: i32,
    }
}

#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct UnitStruct;

#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct Generic<T, U> {
    pub left: T,
    pub right: Vec<U>,
}

#[derive(JsonSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct Newtype(pub String);

#[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
#[x_kube(validation = "self.low <= self.high")]
pub struct Ruled {
    pub low: i32,
    pub high: i32,
}

/// A wrapper: `ByteString` has no schema of its own.
#[derive(Deserialize, Serialize, Clone, Debug, PartialEq)]
pub struct Bytes(pub k8s_openapi::ByteString);

impl JsonSchema for Bytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bytes".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "byte" })
    }
}

impl Default for Defaulted {
    fn default() -> Self {
        Self { count: 1, names: Vec::new(), mode: Mode::Fast, nested: BTreeMap::new(), nothing: None }
    }
}

fn one() -> i32 {
    1
}

fn anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "items": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
    })
}
