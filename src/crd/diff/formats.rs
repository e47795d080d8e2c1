//! The formats that Kubernetes checks values against.

/// From `supportedVersionedFormats` of apiextensions-apiserver, where hyphens do not count but in the two names of
/// Kubernetes' own, and from the numbers that kube-openapi validates.
const CHECKED: &[&str] = &[
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "double",
    "duration",
    "email",
    "float",
    "hexcolor",
    "hostname",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// Whether Kubernetes refuses values that are not of this format; it ignores others.
pub(super) fn is_checked(format: &str) -> bool {
    CHECKED.contains(&format.replace('-', "").as_str())
}
