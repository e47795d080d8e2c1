//! One kind per shape of Rust type: `spec.value` has the type. `tests/shapes.rs` puts this file into a project.
//!
//! A row is the module and the kind, the attributes of the field, its type, values that must survive the API server,
//! and values that it must refuse.

#![allow(missing_docs)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroI64, NonZeroU8, NonZeroU32, NonZeroU64},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use k8s_openapi::{
    api::core::v1::{
        Affinity, Container, ContainerPort, EnvVar, LocalObjectReference, ObjectReference,
        PodSpec, PodTemplateSpec, ResourceRequirements, SecretKeySelector, Toleration, Volume,
        VolumeMount,
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{Condition, LabelSelector, MicroTime, ObjectMeta, OwnerReference, Time},
        runtime::RawExtension,
        util::intstr::IntOrString,
    },
};
use kube::{CustomResource, CustomResourceExt, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, from_value, json};

use crate::types::*;

/// A kind, and objects of it.
pub trait Shape: CustomResourceExt + JsonSchema + DeserializeOwned + Serialize {
    /// Fields of the root that must be stored and read back equal.
    fn valid() -> Vec<Value>;
    /// Fields of the root that must be refused.
    fn invalid() -> Vec<Value>;
    /// Whether two sets of fields of the root are equal to the type.
    fn equal(left: Value, right: Value) -> bool;
}

/// Does one thing with every kind.
pub trait Visitor {
    fn visit<K: Shape>(&mut self);
}

macro_rules! shapes {
    ($every:ident: $($module:ident $kind:literal $(#[$attribute:meta])* : $type:ty = [$($valid:expr),* $(,)?], refused [$($invalid:tt),* $(,)?];)*) => {
        $(pub mod $module {
            use super::*;

            #[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
            #[kube(group = "shapes.example.com", version = "v1", kind = $kind, root = "Object")]
            pub struct Spec {
                $(#[$attribute])*
                pub value: $type,
            }

            impl Shape for Object {
                fn valid() -> Vec<Value> {
                    let values: Vec<$type> = vec![$($valid),*];
                    values.into_iter().map(|value| json!({ "spec": Spec { value } })).collect()
                }
                fn invalid() -> Vec<Value> {
                    vec![$(json!({ "spec": { "value": json!($invalid) } })),*]
                }
                fn equal(left: Value, right: Value) -> bool {
                    same::<Spec>(&left["spec"], &right["spec"])
                }
            }
        })*

        pub fn $every(visitor: &mut impl Visitor) {
            $(visitor.visit::<$module::Object>();)*
        }
    };
}

shapes! { accepted:
    booleans "Booleans": bool = [true, false], refused ["yes"];
    strings "Strings": String = ["a".into(), String::new()], refused [1, null];
    int8 "Int8": i8 = [i8::MIN, i8::MAX], refused [128, (-129)];
    int16 "Int16": i16 = [i16::MIN, i16::MAX], refused [32768];
    int32 "Int32": i32 = [i32::MIN, i32::MAX], refused [2147483648i64, "1"];
    int64 "Int64": i64 = [i64::MIN, i64::MAX], refused [1.5];
    int_size "IntSize": isize = [-1, isize::MAX], refused ["1"];
    int128 "Int128": i128 = [-1], refused ["1"];
    uint8 "Uint8": u8 = [0, u8::MAX], refused [256, (-1)];
    uint16 "Uint16": u16 = [0, u16::MAX], refused [65536, (-1)];
    uint32 "Uint32": u32 = [0, u32::MAX], refused [4294967296i64, (-1)];
    uint64 "Uint64": u64 = [0, i64::MAX as u64], refused [(-1)];
    uint_size "UintSize": usize = [0, i64::MAX as usize], refused [(-1)];
    uint128 "Uint128": u128 = [0], refused [(-1)];
    float32 "Float32": f32 = [0.5, -1.25], refused ["1"];
    float64 "Float64": f64 = [0.1, 1e300], refused ["1"];
    non_zero_u8 "NonZeroByte": NonZeroU8 = [NonZeroU8::MAX], refused [0, 256];
    non_zero_u32 "NonZeroWord": NonZeroU32 = [NonZeroU32::MIN, NonZeroU32::MAX], refused [0];
    non_zero_u64 "NonZeroLong": NonZeroU64 = [NonZeroU64::MIN], refused [0];
    non_zero_i64 "NonZeroSigned": NonZeroI64 = [NonZeroI64::MIN], refused [0];
    characters "Characters": char = ['a', 'ß'], refused ["", "ab"];
    paths "Paths": PathBuf = ["/a/b".into()], refused [1];
    addresses "Addresses": IpAddr = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()], refused ["1.2.3", "a"];
    addresses4 "Addresses4": Ipv4Addr = [Ipv4Addr::LOCALHOST], refused ["::1"];
    addresses6 "Addresses6": Ipv6Addr = [Ipv6Addr::LOCALHOST], refused ["1.2.3.4"];
    sockets "Sockets": SocketAddr = [(Ipv4Addr::LOCALHOST, 80).into()], refused [1];
    durations "Durations": Duration = [Duration::from_millis(1500)], refused [{"secs": (-1), "nanos": 0}, "1s"];
    kube_durations "KubeDurations": kube::core::Duration = ["1h30m".parse().unwrap()], refused [1];
    signed_durations "SignedDurations": jiff::SignedDuration = [jiff::SignedDuration::from_mins(90), jiff::SignedDuration::new(-1, -5)], refused ["soon"];
    timestamps "Timestamps": jiff::Timestamp = ["2026-01-02T03:04:05.678Z".parse().unwrap()], refused ["yesterday"];
    civil_dates "CivilDates": jiff::civil::Date = [jiff::civil::date(2026, 1, 2)], refused ["2026-13-01"];
    civil_times "CivilTimes": jiff::civil::Time = [jiff::civil::time(1, 2, 3, 0)], refused [1];
    civil_date_times "CivilDateTimes": jiff::civil::DateTime = [jiff::civil::date(2026, 1, 2).at(3, 4, 5, 0)], refused [1];
    times "Times": Time = [Time("2026-01-02T03:04:05Z".parse().unwrap())], refused ["yesterday"];
    micro_times "MicroTimes": MicroTime = [MicroTime("2026-01-02T03:04:05.000006Z".parse().unwrap())], refused ["yesterday"];
    optional_times "OptionalTimes": Option<Time> = [None, Some(Time("2026-01-02T03:04:05Z".parse().unwrap()))], refused ["yesterday"];
    quantities "Quantities": Quantity = [Quantity("100m".into()), Quantity("1.5Gi".into()), Quantity("-1e3".into())], refused ["a lot", true];
    optional_quantities "OptionalQuantities": Option<Quantity> = [None, Some(Quantity("1".into()))], refused ["much"];
    quantity_maps "QuantityMaps": BTreeMap<String, Quantity> = [[("cpu".to_owned(), Quantity("1".into()))].into()], refused [{"cpu": "much"}];
    int_or_strings "IntOrStrings": IntOrString = [IntOrString::Int(1), IntOrString::String("25%".into())], refused [true, 1.5, 2147483648i64];
    optional_int_or_strings "OptionalIntOrStrings": Option<IntOrString> = [None, Some(IntOrString::Int(1))], refused [true];
    byte_strings "ByteStrings": Bytes = [Bytes(k8s_openapi::ByteString(b"hello".to_vec()))], refused ["%"];
    label_selectors "LabelSelectors": LabelSelector = [LabelSelector { match_labels: Some([("a".to_owned(), "b".to_owned())].into()), ..LabelSelector::default() }], refused [{"matchLabels": {"a": 1}}];
    object_references "ObjectReferences": ObjectReference = [ObjectReference { name: Some("a".into()), ..ObjectReference::default() }], refused [{"name": 1}];
    owner_references "OwnerReferences": Vec<OwnerReference> = [vec![OwnerReference { uid: "u".into(), ..OwnerReference::default() }]], refused [[{"uid": 1}]];
    conditions "Conditions": Vec<Condition> = [vec![condition("A"), condition("B")]], refused [[{"type": "A"}], [(json!(condition("A"))), (json!(condition("A")))]];
    affinities "Affinities": Affinity = [Affinity::default(), affinity()], refused [{"nodeAffinity": 1}];
    tolerations "Tolerations": Vec<Toleration> = [vec![Toleration { key: Some("a".into()), ..Toleration::default() }]], refused [[{"key": 1}]];
    pod_templates "PodTemplates": PodTemplateSpec = [pod_template()], refused [
        {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}},
        {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}]}]}},
        {"spec": {"containers": [{"name": "a", "env": [{"name": "A"}, {"name": "A"}]}]}},
        {"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "much"}}}]}},
    ];
    pod_specs "PodSpecs": Option<Box<PodSpec>> = [None, pod_template().spec.map(Box::new)], refused [{"containers": [{}]}];
    resources "Resources": ResourceRequirements = [ResourceRequirements { limits: Some([("cpu".to_owned(), Quantity("1".into()))].into()), ..ResourceRequirements::default() }], refused [{"claims": [{"name": "a"}, {"name": "a"}]}];
    secret_keys "SecretKeys": SecretKeySelector = [SecretKeySelector { key: "a".into(), name: "b".into(), optional: None }], refused [{"name": "b"}];
    raw_extensions "RawExtensions": RawExtension = [RawExtension(json!({"a": {"b": [1, "c"]}}))], refused [1];
    lists_of_env "ListsOfEnv": Vec<EnvVar> = [vec![EnvVar { name: "A".into(), ..EnvVar::default() }]], refused [[{"name": "A"}, {"name": "A"}]];
    lists_of_containers "ListsOfContainers": Vec<Container> = [vec![Container { name: "a".into(), ..Container::default() }]], refused [[{"name": "a"}, {"name": "a"}]];
    lists_of_volumes "ListsOfVolumes": Option<Vec<Volume>> = [None, Some(vec![Volume { name: "a".into(), ..Volume::default() }])], refused [[{"name": "a"}, {"name": "a"}]];
    lists_of_mounts "ListsOfMounts": Vec<VolumeMount> = [vec![VolumeMount { name: "a".into(), mount_path: "/a".into(), ..VolumeMount::default() }]], refused [[{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a"}]];
    lists_of_ports "ListsOfPorts": Vec<ContainerPort> = [vec![ContainerPort { container_port: 1, protocol: Some("TCP".into()), ..ContainerPort::default() }, ContainerPort { container_port: 1, protocol: Some("UDP".into()), ..ContainerPort::default() }]], refused [[{"containerPort": 1}, {"containerPort": 1}]];
    lists_of_references "ListsOfReferences": Vec<LocalObjectReference> = [vec![LocalObjectReference { name: "a".into() }]], refused [[{"name": 1}]];
    object_metas "ObjectMetas": ObjectMeta = [ObjectMeta { name: Some("a".into()), ..ObjectMeta::default() }], refused [{"labels": {"a": 1}}];
    atomic_containers "AtomicContainers" #[x_kube(merge_strategy = ListMerge::Atomic)]: Vec<Container> = [vec![Container { name: "a".into(), ..Container::default() }, Container { name: "a".into(), ..Container::default() }]], refused [1];
    values "Values": Value = [json!({"a": [1, null, {"b": "c"}]}), json!("a"), json!(1), json!([true])], refused [];
    optional_values "OptionalValues": Option<Value> = [None, Some(json!([1, "a"]))], refused [];
    value_maps "ValueMaps": Map<String, Value> = [Map::from_iter([("a".to_owned(), json!({"b": [1]}))])], refused [1];
    value_tree_maps "ValueTreeMaps": BTreeMap<String, Value> = [[("a".to_owned(), json!([1, "b", {"c": {}}]))].into()], refused [1];
    value_lists "ValueLists": Vec<Value> = [vec![json!(1), json!({"a": "b"})]], refused [1];
    string_maps "StringMaps": BTreeMap<String, String> = [[("a".to_owned(), "b".to_owned())].into()], refused [{"a": 1}];
    struct_maps "StructMaps": BTreeMap<String, Inner> = [[("a".to_owned(), inner())].into()], refused [{"a": {"count": "b"}}];
    integer_maps "IntegerMaps": HashMap<i32, String> = [[(-1, "a".to_owned())].into()], refused [{"1": 2}];
    unsigned_maps "UnsignedMaps": BTreeMap<u16, bool> = [[(1, true)].into()], refused [{"1": 2}];
    character_maps "CharacterMaps": BTreeMap<char, i32> = [[('a', 1)].into()], refused [{"a": "b"}];
    enum_maps "EnumMaps": BTreeMap<Mode, i32> = [[(Mode::Fast, 1)].into()], refused [{"Fast": "a"}];
    lists "Lists": Vec<String> = [vec![], vec!["a".into(), "a".into()]], refused ["a", [1]];
    nested_lists "NestedLists": Vec<Vec<i32>> = [vec![vec![1, 2], vec![]]], refused [[1]];
    optional_lists "OptionalLists": Option<Vec<String>> = [None, Some(vec!["a".into()])], refused [[1]];
    lists_of_options "ListsOfOptions": Vec<Option<i32>> = [vec![Some(1), None]], refused [["a"]];
    arrays "Arrays": [f64; 3] = [[0.5, 1.5, 2.5]], refused [[1], [1, 2, 3, 4]];
    pairs "Pairs": (i32, i32) = [(1, 2)], refused [[1], [1, 2, 3]];
    sets "Sets": BTreeSet<String> = [["a".to_owned(), "b".to_owned()].into()], refused [["a", "a"]];
    hash_sets "HashSets": HashSet<u16> = [[1, 2].into()], refused [[1, 1]];
    optional_sets "OptionalSets": Option<BTreeSet<Mode>> = [None, Some([Mode::Fast].into())], refused [["Fast", "Fast"]];
    struct_sets "StructSets": BTreeSet<Inner> = [[inner()].into()], refused [[{"count": "a"}]];
    optional_sets_of_options "SetsOfOptions": BTreeSet<Option<i32>> = [[None, Some(1)].into()], refused [["a"]];
    enums "Enums": Mode = [Mode::Fast, Mode::Slow], refused ["fast", null];
    optional_enums "OptionalEnums": Option<Mode> = [None, Some(Mode::Fast)], refused ["fast"];
    documented_enums "DocumentedEnums": Documented = [Documented::First, Documented::Second], refused ["Third"];
    optional_documented_enums "OptionalDocumentedEnums": Option<Documented> = [None, Some(Documented::Second)], refused ["Third"];
    partly_documented_enums "PartlyDocumentedEnums": PartlyDocumented = [PartlyDocumented::A, PartlyDocumented::B, PartlyDocumented::C], refused ["D"];
    renamed_enums "RenamedEnums": Renamed = [Renamed::OneThing, Renamed::OtherThing], refused ["OneThing"];
    single_enums "SingleEnums": Single = [Single::Only], refused ["Other"];
    enum_lists "EnumLists": Vec<Mode> = [vec![Mode::Fast, Mode::Fast]], refused [["fast"]];
    defaulted_enums "DefaultedEnums" #[serde(default)]: Mode = [Mode::Slow], refused ["fast"];
    data_enums "DataEnums": External = [External::Newtype(1), External::Tuple(1, 2), External::Struct { a: "b".into(), long_name: None }, External::Unit {}], refused [{"newtype": 1, "unit": {}}, {"other": 1}, {"newtype": "a"}];
    optional_data_enums "OptionalDataEnums": Option<External> = [None, Some(External::Newtype(1))], refused [{"other": 1}];
    untagged_structs "UntaggedStructs": UntaggedStructs = [UntaggedStructs::A { a: 1 }, UntaggedStructs::B { b: "c".into() }], refused [{}, {"a": "b"}];
    untagged_scalars "UntaggedScalars": UntaggedScalars = [UntaggedScalars::Text("a".into()), UntaggedScalars::Number(1)], refused [true, {}];
    optional_untagged_scalars "OptionalUntaggedScalars": Option<UntaggedScalars> = [None, Some(UntaggedScalars::Number(1))], refused [true];
    untagged_numbers "UntaggedNumbers": UntaggedNumbers = [UntaggedNumbers::Whole(1), UntaggedNumbers::Real(0.5)], refused ["a"];
    untagged_mixes "UntaggedMixes": UntaggedMix = [UntaggedMix::Text("a".into()), UntaggedMix::List(vec!["a".into()])], refused [];
    untagged_objects "UntaggedObjects": UntaggedObject = [UntaggedObject::Text("a".into()), UntaggedObject::Object { a: 1 }], refused [];
    boxes "Boxes": Box<Inner> = [Box::new(inner())], refused [{"count": "a"}];
    arcs "Arcs" #[serde(with = "arc")] #[schemars(with = "String")]: Arc<str> = ["a".into()], refused [1];
    rcs "Cows": Cow<'static, str> = ["a".into()], refused [1];
    generics "Generics": Generic<Inner, u8> = [Generic { left: inner(), right: vec![1] }], refused [{"left": {"count": 1}, "right": [256]}];
    flattened_structs "FlattenedStructs": FlattenedStruct = [FlattenedStruct { own: 1, inner: inner() }], refused [{"own": 1, "count": "a"}];
    flattened_values "FlattenedValues": FlattenedValues = [FlattenedValues { own: 1, rest: [("a".to_owned(), json!({"b": 1}))].into() }], refused [{"own": "a"}];
    flattened_strings "FlattenedStrings": FlattenedStrings = [FlattenedStrings { own: 1, rest: [("a".to_owned(), "b".to_owned())].into() }], refused [{"own": "a"}];
    flattened_enums "FlattenedEnums": FlattenedEnum = [FlattenedEnum { own: 1, choice: Choice::Left(1) }, FlattenedEnum { own: 1, choice: Choice::Right { a: "b".into() } }], refused [{"own": 1, "left": 1, "right": {"a": "b"}}];
    flattened_untagged "FlattenedUntagged": FlattenedUntagged = [FlattenedUntagged { own: 1, choice: UntaggedStructs::A { a: 1 } }], refused [{"own": 1}];
    renamed_fields "RenamedFields": RenamedFields = [RenamedFields { long_name: 1, other: 2 }], refused [{"long_name": 1, "type": 2}];
    skipped_fields "SkippedFields": Skipped = [Skipped { kept: 1, ..Skipped::default() }], refused [{}];
    aliases "Aliases": Aliased = [Aliased { name: "a".into() }], refused [{}];
    defaults "Defaults": Defaulted = [Defaulted::default()], refused [{"count": "a"}];
    denying "Denying": Denying = [Denying { a: 1 }], refused [{}];
    newtypes "Newtypes": Newtype = [Newtype("a".into())], refused [1];
    transparent "Transparents": Transparent = [Transparent { inner: 1 }], refused [(-1)];
    empty_structs "EmptyStructs": EmptyStruct = [EmptyStruct {}], refused [1];
    optional_empty_structs "OptionalEmptyStructs": Option<EmptyStruct> = [None, Some(EmptyStruct {})], refused [1];
    optional_structs "OptionalStructs": Option<Inner> = [None, Some(inner())], refused [{"count": "a"}];
    optional_options "OptionalOptions": Option<Option<i32>> = [None, Some(Some(1))], refused ["a"];
    ranges "Ranges" #[schemars(range(min = 1, max = 10))]: i32 = [1, 10], refused [0, 11];
    unsigned_ranges "UnsignedRanges" #[schemars(range(max = 10))]: u32 = [0, 10], refused [(-1), 11];
    lengths "Lengths" #[schemars(length(min = 1, max = 3))]: String = ["a".into()], refused ["", "abcd"];
    patterns "Patterns" #[schemars(regex(pattern = "^a+$"))]: String = ["aa".into()], refused ["b"];
    inner_lengths "InnerLengths" #[schemars(inner(length(min = 1)))]: Vec<String> = [vec!["a".into()]], refused [[""]];
    emails "Emails" #[schemars(email)]: String = ["a@example.com".into()], refused ["a"];
    urls "Urls" #[schemars(url)]: String = ["https://example.com/a".into()], refused ["a b"];
    unknown_formats "UnknownFormats" #[schemars(extend("format" = "semver"))]: String = ["1.2.3".into()], refused [1];
    hostnames "Hostnames" #[schemars(extend("format" = "hostname"))]: String = ["example.com".into()], refused ["-"];
    rules "Rules" #[x_kube(validation = "self.startsWith('a')")]: String = ["a".into()], refused ["b"];
    struct_rules "StructRules": Ruled = [Ruled { low: 1, high: 2 }], refused [{"low": 2, "high": 1}];
    ordinary_ranges "OrdinaryRanges": std::ops::Range<i32> = [1..2], refused [{"start": 1}];
    results "Results": Result<i32, String> = [Ok(1), Err("a".into())], refused [{"Ok": "a"}];
    recursive_by_hand "RecursiveByHand": CutTree = [CutTree { name: "a".into(), children: vec![CutTree { name: "b".into(), children: vec![] }] }], refused [{"name": 1}];
    system_times "SystemTimes": std::time::SystemTime = [std::time::UNIX_EPOCH + Duration::from_secs(5)], refused ["a"];
    os_strings "OsStrings": std::ffi::OsString = ["a".into()], refused ["a", {"Unix": [256]}];
    any_numbers "AnyNumbers": serde_json::Number = [1.into(), serde_json::Number::from_f64(0.5).unwrap()], refused ["a"];
    wrapping "Wrappings": std::num::Wrapping<u8> = [std::num::Wrapping(255)], refused [256];
    inclusive_ranges "InclusiveRanges": std::ops::RangeInclusive<u8> = [1..=2], refused [{"start": 1}];
    lists_of_optional_enums "ListsOfOptionalEnums": Vec<Option<Mode>> = [vec![None, Some(Mode::Fast)]], refused [["fast"]];
    maps_of_options "MapsOfOptions": BTreeMap<String, Option<Inner>> = [[("a".to_owned(), Some(inner())), ("b".to_owned(), None)].into()], refused [{"a": 1}];
    maps_of_lists "MapsOfLists": BTreeMap<String, Vec<Container>> = [[("a".to_owned(), vec![Container { name: "a".into(), ..Container::default() }])].into()], refused [{"a": [{"name": "a"}, {"name": "a"}]}];
    defaulted_structs "DefaultedStructs" #[serde(default)]: Defaulted = [Defaulted::default()], refused [{"count": "a"}];
    defaulted_optional_enums "DefaultedOptionalEnums" #[serde(default = "fast")]: Option<Mode> = [None, Some(Mode::Slow)], refused ["fast"];
    documented_fields "DocumentedFields" #[doc = "A field of its own words."]: Option<Documented> = [None, Some(Documented::First)], refused ["Third"];
    shared_types "SharedTypes": (Shared, Shared) = [(Shared { a: 1 }, Shared { a: 2 })], refused [[{"a": "b"}, {"a": 1}]];
}

shapes! { refused:
    internally_tagged "InternallyTagged": Internal = [], refused [];
    optional_internally_tagged "OptionalInternallyTagged": Vec<Option<Internal>> = [], refused [];
    adjacently_tagged "AdjacentlyTagged": Adjacent = [], refused [];
    mixing_enums "MixingEnums": Mixing = [], refused [];
    clashing_untagged "ClashingUntagged": Clashing = [], refused [];
    triples "Triples": (i32, String) = [], refused [];
    tuple_variants "TupleVariants": TupleVariant = [], refused [];
    trees "Trees": Tree = [], refused [];
    units "Units": () = [], refused [];
    unit_structs "UnitStructs": UnitStruct = [], refused [];
    c_strings "CStrings": std::ffi::CString = [], refused [];
    internally_tagged_units "InternallyTaggedUnits": InternalUnit = [], refused [];
    internally_tagged_mixes "InternallyTaggedMixes": BTreeMap<String, InternalMixed> = [], refused [];
    lists_of_pairs "ListsOfPairs": Vec<(String, i32)> = [], refused [];
    bounds "Bounds": std::ops::Bound<i32> = [], refused [];
    nevers "Nevers": Never = [], refused [];
    optional_nevers "OptionalNevers": Option<Never> = [], refused [];
    lists_of_nevers "ListsOfNevers": Vec<Never> = [], refused [];
    maps_of_nevers "MapsOfNevers": BTreeMap<String, Never> = [], refused [];
    variants_of_never "VariantsOfNever": NeverOrNumber = [], refused [];
}

/// A spec without fields.
pub mod empty_spec {
    use super::*;

    #[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
    #[kube(group = "shapes.example.com", version = "v1", kind = "EmptySpec", namespaced, status = "Inner")]
    pub struct Spec {}

    impl Shape for EmptySpec {
        fn valid() -> Vec<Value> {
            vec![json!({ "spec": Spec {} })]
        }
        fn invalid() -> Vec<Value> {
            vec![json!({ "spec": 1 }), json!({})]
        }
        fn equal(left: Value, right: Value) -> bool {
            same::<Spec>(&left["spec"], &right["spec"])
        }
    }
}

/// Fields at the root, with a map and an enum among them.
pub mod no_spec {
    use super::*;

    #[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
    #[kube(group = "shapes.example.com", version = "v1", kind = "NoSpec", no_spec)]
    pub struct Fields {
        pub port: u16,
        pub names: BTreeSet<String>,
        #[serde(flatten)]
        pub choice: Choice,
    }

    impl Shape for NoSpec {
        fn valid() -> Vec<Value> {
            let names = ["a".to_owned()].into();
            vec![json!(Fields { port: 1, names, choice: Choice::Left(2) })]
        }
        fn invalid() -> Vec<Value> {
            vec![
                json!({ "port": 65536, "names": [], "left": 2 }),
                json!({ "port": 1, "names": [] }),
            ]
        }
        fn equal(left: Value, right: Value) -> bool {
            same::<Fields>(&left, &right)
        }
    }
}

/// A struct with a tag, which opgen sees where no macro hides it.
pub mod tagged_struct {
    use super::*;

    #[derive(CustomResource, KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
    #[kube(group = "shapes.example.com", version = "v1", kind = "TaggedStruct")]
    pub struct TaggedStructSpec {
        pub value: Tagged,
    }

    #[derive(KubeSchema, Deserialize, Serialize, Clone, Debug, PartialEq)]
    #[serde(tag = "type")]
    pub struct Tagged {
        pub a: i32,
    }

    impl Shape for TaggedStruct {
        fn valid() -> Vec<Value> {
            Vec::new()
        }
        fn invalid() -> Vec<Value> {
            Vec::new()
        }
        fn equal(left: Value, right: Value) -> bool {
            same::<TaggedStructSpec>(&left["spec"], &right["spec"])
        }
    }
}

/// What the API server takes, and opgen warns of.
pub fn warned(visitor: &mut impl Visitor) {
    visitor.visit::<tagged_struct::TaggedStruct>();
}

/// The kinds whose root is what matters.
pub fn roots(visitor: &mut impl Visitor) {
    visitor.visit::<empty_spec::EmptySpec>();
    visitor.visit::<no_spec::NoSpec>();
}

fn same<T: DeserializeOwned + PartialEq>(left: &Value, right: &Value) -> bool {
    from_value::<T>(left.clone()).unwrap() == from_value(right.clone()).unwrap()
}

fn condition(type_: &str) -> Condition {
    Condition {
        type_: type_.into(),
        status: "True".into(),
        reason: "R".into(),
        message: String::new(),
        last_transition_time: Time("2026-01-02T03:04:05Z".parse().unwrap()),
        observed_generation: None,
    }
}

fn affinity() -> Affinity {
    from_value(json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "a", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
    ]}}))
    .unwrap()
}

fn pod_template() -> PodTemplateSpec {
    from_value(json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {
            "containers": [{
                "name": "a",
                "image": "b",
                "env": [{"name": "A", "value": "b"}, {"name": "C", "valueFrom": {"secretKeyRef": {"name": "d", "key": "e"}}}],
                "ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}],
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }],
            "volumes": [{"name": "v", "emptyDir": {}}],
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
            "imagePullSecrets": [{"name": "s"}],
            "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a"]}],
            "tolerations": [{"operator": "Exists"}],
        },
    }))
    .unwrap()
}

fn inner() -> Inner {
    Inner { count: 1, text: Some("a".into()) }
}

fn fast() -> Option<Mode> {
    Some(Mode::Fast)
}

/// serde has no `Arc<str>` without a feature.
mod arc {
    use super::*;
    pub fn serialize<S: serde::Serializer>(value: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}

