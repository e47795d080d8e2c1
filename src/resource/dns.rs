//! The names of DNS that Kubernetes takes.

/// Longest label of DNS (RFC 1123), and of a Kubernetes Service, in bytes.
pub(super) const LABEL: usize = 63;
/// Longest subdomain that Kubernetes takes for an API group, in bytes.
pub(super) const SUBDOMAIN: usize = 253;

/// A DNS label of RFC 1123.
pub(super) fn label(text: &str) -> Result<(), &'static str> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    let bytes = text.as_bytes();
    match () {
        () if bytes.is_empty() => Err("it is empty"),
        () if !bytes.iter().all(|byte| inner(*byte)) => {
            Err("it must have lower-case letters, digits and `-` only")
        }
        () if !edge(bytes.first()) || !edge(bytes.last()) => {
            Err("it must start and end with a letter or a digit")
        }
        () if bytes.len() > LABEL => Err("it has a part of more than 63 characters"),
        () => Ok(()),
    }
}

/// A DNS label of RFC 1035: it starts with a letter.
pub(super) fn rfc1035_label(text: &str) -> Result<(), &'static str> {
    label(text)?;
    if text.starts_with(|first: char| first.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err("it must start with a letter")
    }
}

/// DNS labels with dots between them.
pub(super) fn subdomain(text: &str) -> Result<(), &'static str> {
    if text.len() > SUBDOMAIN {
        return Err("it has more than 253 characters");
    }
    if text.contains("..") || text.starts_with('.') || text.ends_with('.') {
        return Err("it has an empty part between dots");
    }
    text.split('.').try_for_each(label)
}
