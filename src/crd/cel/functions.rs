//! Every function, operator and macro that rules of a CRD can use, and the types that they take.
//!
//! Facts from the standard library of CEL and `k8s.io/apiserver/pkg/cel/environment`, as Kubernetes 1.37 offers them to
//! new rules; the authorizer is for admission policies alone.

use std::{collections::BTreeMap, sync::LazyLock};

use super::types::Type;

/// One way to call a function.
#[derive(Debug)]
pub(super) struct Overload {
    /// Whether the first argument stands before the dot.
    pub(super) member: bool,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
    /// How many type parameters it has.
    pub(super) parameters: usize,
    /// As it is written in the table.
    pub(super) text: String,
}

/// Names that look like functions and are expanded by the parser, with the numbers of arguments.
pub(super) const MACROS: &[(&str, &[usize])] = &[
    ("all", &[2, 3]),
    ("exists", &[2, 3]),
    ("exists_one", &[2, 3]),
    ("existsOne", &[3]),
    ("map", &[2, 3]),
    ("filter", &[2]),
    ("transformList", &[3, 4]),
    ("transformMap", &[3, 4]),
    ("transformMapEntry", &[3, 4]),
    ("optMap", &[2]),
    ("optFlatMap", &[2]),
    ("sortBy", &[2]),
];

/// Names of types, which are values too.
pub(super) const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "optional_type",
    "string",
    "type",
    "uint",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "kubernetes.NamedFormat",
    "kubernetes.Quantity",
    "kubernetes.Semver",
    "kubernetes.URL",
    "net.CIDR",
    "net.IP",
];

/// What has an order.
const COMPARABLE: &[&str] = &[
    "int",
    "uint",
    "double",
    "bool",
    "duration",
    "timestamp",
    "string",
    "bytes",
];
/// What has a sum.
const SUMMABLE: &[&str] = &["int", "uint", "double", "duration"];
/// What is compared across types.
const NUMERIC: &[&str] = &["int", "uint", "double"];

/// `NAME(TYPES) -> TYPE`, and `(TYPE).NAME(TYPES) -> TYPE` for a method. One upper-case letter is a parameter;
/// `comparable` and `summable` stand for one line per type.
const TABLE: &str = "
_?_:_(bool, A, A) -> A
_&&_(bool, bool) -> bool
_||_(bool, bool) -> bool
!_(bool) -> bool
_==_(A, A) -> bool
_!=_(A, A) -> bool
_<_(comparable, comparable) -> bool
_<=_(comparable, comparable) -> bool
_>_(comparable, comparable) -> bool
_>=_(comparable, comparable) -> bool
_+_(bytes, bytes) -> bytes
_+_(double, double) -> double
_+_(duration, duration) -> duration
_+_(duration, timestamp) -> timestamp
_+_(timestamp, duration) -> timestamp
_+_(int, int) -> int
_+_(list<A>, list<A>) -> list<A>
_+_(string, string) -> string
_+_(uint, uint) -> uint
_/_(double, double) -> double
_/_(int, int) -> int
_/_(uint, uint) -> uint
_%_(int, int) -> int
_%_(uint, uint) -> uint
_*_(double, double) -> double
_*_(int, int) -> int
_*_(uint, uint) -> uint
-_(double) -> double
-_(int) -> int
_-_(double, double) -> double
_-_(duration, duration) -> duration
_-_(int, int) -> int
_-_(timestamp, duration) -> timestamp
_-_(timestamp, timestamp) -> duration
_-_(uint, uint) -> uint
_[_](list<A>, int) -> A
_[_](map<A, B>, A) -> B
_[_](optional<list<A>>, int) -> optional<A>
_[_](optional<map<A, B>>, A) -> optional<B>
_[?_](list<A>, int) -> optional<A>
_[?_](optional<list<A>>, int) -> optional<A>
_[?_](map<A, B>, A) -> optional<B>
_[?_](optional<map<A, B>>, A) -> optional<B>
@in(A, list<A>) -> bool
@in(A, map<A, B>) -> bool
size(bytes) -> int
(bytes).size() -> int
size(list<A>) -> int
(list<A>).size() -> int
size(map<A, B>) -> int
(map<A, B>).size() -> int
size(string) -> int
(string).size() -> int
type(A) -> type
bool(bool) -> bool
bool(string) -> bool
bytes(bytes) -> bytes
bytes(string) -> bytes
double(double) -> double
double(int) -> double
double(string) -> double
double(uint) -> double
duration(duration) -> duration
duration(string) -> duration
dyn(A) -> dyn
int(int) -> int
int(double) -> int
int(duration) -> int
int(string) -> int
int(timestamp) -> int
int(uint) -> int
string(string) -> string
string(bool) -> string
string(bytes) -> string
string(double) -> string
string(duration) -> string
string(int) -> string
string(timestamp) -> string
string(uint) -> string
string(net.IP) -> string
string(net.CIDR) -> string
timestamp(timestamp) -> timestamp
timestamp(int) -> timestamp
timestamp(string) -> timestamp
uint(uint) -> uint
uint(double) -> uint
uint(int) -> uint
uint(string) -> uint
(string).contains(string) -> bool
(string).endsWith(string) -> bool
(string).startsWith(string) -> bool
matches(string, string) -> bool
(string).matches(string) -> bool
(timestamp).getFullYear() -> int
(timestamp).getFullYear(string) -> int
(timestamp).getMonth() -> int
(timestamp).getMonth(string) -> int
(timestamp).getDayOfYear() -> int
(timestamp).getDayOfYear(string) -> int
(timestamp).getDayOfMonth() -> int
(timestamp).getDayOfMonth(string) -> int
(timestamp).getDate() -> int
(timestamp).getDate(string) -> int
(timestamp).getDayOfWeek() -> int
(timestamp).getDayOfWeek(string) -> int
(timestamp).getHours() -> int
(timestamp).getHours(string) -> int
(duration).getHours() -> int
(timestamp).getMinutes() -> int
(timestamp).getMinutes(string) -> int
(duration).getMinutes() -> int
(timestamp).getSeconds() -> int
(timestamp).getSeconds(string) -> int
(duration).getSeconds() -> int
(timestamp).getMilliseconds() -> int
(timestamp).getMilliseconds(string) -> int
(duration).getMilliseconds() -> int
optional.of(A) -> optional<A>
optional.ofNonZeroValue(A) -> optional<A>
optional.none() -> optional<A>
optional.unwrap(list<optional<A>>) -> list<A>
(list<optional<A>>).unwrapOpt() -> list<A>
(optional<A>).value() -> A
(optional<A>).hasValue() -> bool
(optional<A>).or(optional<A>) -> optional<A>
(optional<A>).orValue(A) -> A
(list<A>).first() -> optional<A>
(list<A>).last() -> optional<A>
(string).charAt(int) -> string
(string).indexOf(string) -> int
(string).indexOf(string, int) -> int
(string).lastIndexOf(string) -> int
(string).lastIndexOf(string, int) -> int
(string).lowerAscii() -> string
(string).upperAscii() -> string
(string).replace(string, string) -> string
(string).replace(string, string, int) -> string
(string).split(string) -> list<string>
(string).split(string, int) -> list<string>
(string).substring(int) -> string
(string).substring(int, int) -> string
(string).trim() -> string
(string).format(list<dyn>) -> string
strings.quote(string) -> string
(list<string>).join() -> string
(list<string>).join(string) -> string
sets.contains(list<A>, list<A>) -> bool
sets.equivalent(list<A>, list<A>) -> bool
sets.intersects(list<A>, list<A>) -> bool
(list<A>).slice(int, int) -> list<A>
(list<list<A>>).flatten() -> list<A>
(list<dyn>).flatten(int) -> list<dyn>
(list<comparable>).sort() -> list<comparable>
(list<A>).@sortByAssociatedKeys(list<comparable>) -> list<A>
lists.range(int) -> list<int>
(list<A>).reverse() -> list<A>
(list<A>).distinct() -> list<A>
(list<comparable>).isSorted() -> bool
(list<summable>).sum() -> summable
(list<comparable>).max() -> comparable
(list<comparable>).min() -> comparable
(list<A>).indexOf(A) -> int
(list<A>).lastIndexOf(A) -> int
(string).find(string) -> string
(string).findAll(string) -> list<string>
(string).findAll(string, int) -> list<string>
url(string) -> kubernetes.URL
isURL(string) -> bool
(kubernetes.URL).getScheme() -> string
(kubernetes.URL).getHost() -> string
(kubernetes.URL).getHostname() -> string
(kubernetes.URL).getPort() -> string
(kubernetes.URL).getEscapedPath() -> string
(kubernetes.URL).getQuery() -> map<string, list<string>>
quantity(string) -> kubernetes.Quantity
isQuantity(string) -> bool
sign(kubernetes.Quantity) -> int
(kubernetes.Quantity).isGreaterThan(kubernetes.Quantity) -> bool
(kubernetes.Quantity).isLessThan(kubernetes.Quantity) -> bool
(kubernetes.Quantity).compareTo(kubernetes.Quantity) -> int
(kubernetes.Quantity).asApproximateFloat() -> double
(kubernetes.Quantity).asInteger() -> int
(kubernetes.Quantity).isInteger() -> bool
(kubernetes.Quantity).add(kubernetes.Quantity) -> kubernetes.Quantity
(kubernetes.Quantity).add(int) -> kubernetes.Quantity
(kubernetes.Quantity).sub(kubernetes.Quantity) -> kubernetes.Quantity
(kubernetes.Quantity).sub(int) -> kubernetes.Quantity
semver(string) -> kubernetes.Semver
semver(string, bool) -> kubernetes.Semver
isSemver(string) -> bool
isSemver(string, bool) -> bool
(kubernetes.Semver).isGreaterThan(kubernetes.Semver) -> bool
(kubernetes.Semver).isLessThan(kubernetes.Semver) -> bool
(kubernetes.Semver).compareTo(kubernetes.Semver) -> int
(kubernetes.Semver).major() -> int
(kubernetes.Semver).minor() -> int
(kubernetes.Semver).patch() -> int
ip(string) -> net.IP
isIP(string) -> bool
ip.isCanonical(string) -> bool
(net.IP).family() -> int
(net.IP).isUnspecified() -> bool
(net.IP).isLoopback() -> bool
(net.IP).isLinkLocalMulticast() -> bool
(net.IP).isLinkLocalUnicast() -> bool
(net.IP).isGlobalUnicast() -> bool
cidr(string) -> net.CIDR
isCIDR(string) -> bool
(net.CIDR).containsIP(string) -> bool
(net.CIDR).containsIP(net.IP) -> bool
(net.CIDR).containsCIDR(string) -> bool
(net.CIDR).containsCIDR(net.CIDR) -> bool
(net.CIDR).ip() -> net.IP
(net.CIDR).prefixLength() -> int
(net.CIDR).masked() -> net.CIDR
format.named(string) -> optional<kubernetes.NamedFormat>
format.dns1123Label() -> kubernetes.NamedFormat
format.dns1123Subdomain() -> kubernetes.NamedFormat
format.dns1035Label() -> kubernetes.NamedFormat
format.qualifiedName() -> kubernetes.NamedFormat
format.dns1123LabelPrefix() -> kubernetes.NamedFormat
format.dns1123SubdomainPrefix() -> kubernetes.NamedFormat
format.dns1035LabelPrefix() -> kubernetes.NamedFormat
format.labelValue() -> kubernetes.NamedFormat
format.uri() -> kubernetes.NamedFormat
format.uuid() -> kubernetes.NamedFormat
format.byte() -> kubernetes.NamedFormat
format.date() -> kubernetes.NamedFormat
format.datetime() -> kubernetes.NamedFormat
(kubernetes.NamedFormat).validate(string) -> optional<list<string>>
";

/// Every function by its name.
pub(super) static FUNCTIONS: LazyLock<BTreeMap<String, Vec<Overload>>> = LazyLock::new(|| {
    let mut lines = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let kinds = [("comparable", COMPARABLE), ("summable", SUMMABLE)];
        match kinds.iter().find(|(word, _)| line.contains(word)) {
            Some((word, types)) => lines.extend(types.iter().map(|of| line.replace(word, of))),
            None => lines.push(line.to_owned()),
        }
    }
    for operator in ["_<_", "_<=_", "_>_", "_>=_"] {
        for (left, right) in NUMERIC
            .iter()
            .flat_map(|l| NUMERIC.iter().map(move |r| (l, r)))
        {
            if left != right {
                lines.push(format!("{operator}({left}, {right}) -> bool"));
            }
        }
    }
    let mut functions = BTreeMap::<String, Vec<Overload>>::new();
    for line in lines {
        if let Some((name, overload)) = parse(&line) {
            functions.entry(name).or_default().push(overload);
        }
    }
    functions
});

/// A line of the table.
fn parse(line: &str) -> Option<(String, Overload)> {
    let (call, result) = line.split_once(" -> ")?;
    let (receiver, call) = match call.strip_prefix('(') {
        Some(call) => {
            let (receiver, call) = call.split_once(").")?;
            (Some(receiver), call)
        }
        None => (None, call),
    };
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    let mut types: Vec<Type> = Vec::new();
    for word in receiver.into_iter().chain(split(arguments)) {
        types.push(parse_type(word)?);
    }
    let parameters = types.iter().map(parameters).max().unwrap_or(0);
    let result = parse_type(result)?;
    let overload = Overload {
        member: receiver.is_some(),
        arguments: types,
        parameters: parameters.max(self::parameters(&result)),
        result,
        text: line.to_owned(),
    };
    Some((name.to_owned(), overload))
}

/// How many parameters there must be, for the type to name those that it names.
fn parameters(of: &Type) -> usize {
    match of {
        Type::Param(number) => number + 1,
        Type::List(of) | Type::Optional(of) => parameters(of),
        Type::Map(key, value) => parameters(key).max(parameters(value)),
        _ => 0,
    }
}

/// A list of types, cut at the commas that stand outside of `<` and `>`.
fn split(types: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let outside = move |c: char| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        c == ',' && depth == 0
    };
    let parts = types.split(outside).map(str::trim);
    parts.filter(|part| !part.is_empty())
}

fn parse_type(text: &str) -> Option<Type> {
    if let Some((outer, inner)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        let mut inner = split(inner);
        let first = parse_type(inner.next()?)?;
        return match outer {
            "list" => Some(Type::list(first)),
            "optional" => Some(Type::optional(first)),
            "map" => Some(Type::map(first, parse_type(inner.next()?)?)),
            _ => None,
        };
    }
    Some(match text {
        "A" => Type::Param(0),
        "B" => Type::Param(1),
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "duration" => Type::Duration,
        "dyn" => Type::Dyn,
        "int" => Type::Int,
        "string" => Type::String,
        "timestamp" => Type::Timestamp,
        "type" => Type::Meta,
        "uint" => Type::Uint,
        _ => Type::Named(TYPES.iter().find(|name| **name == text)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.is_empty());
        let known: Vec<_> = FUNCTIONS.values().flatten().collect();
        for line in lines {
            let is_template = line.contains("comparable") || line.contains("summable");
            assert!(
                is_template || known.iter().any(|overload| overload.text == line),
                "{line}"
            );
        }
        assert_eq!(FUNCTIONS["_<_"].len(), COMPARABLE.len() + 6);
        assert_eq!(FUNCTIONS["sum"].len(), SUMMABLE.len());
        assert_eq!(FUNCTIONS["sum"][0].text, "(list<int>).sum() -> int");
    }
}
