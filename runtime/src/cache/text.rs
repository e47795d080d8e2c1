//! The text of a compact object: what its kind has in common is kept once.
//!
//! Objects that one operator makes differ by names and numbers. So each is LZ4 against the first
//! one of its cache, which leaves a tenth to a fifth of it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::managed_fields::Applied;

/// What an object may have, at most, to be the one that others are compared with: each comparison
/// begins by reading it.
const LONGEST_DICTIONARY: usize = 16 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Text {
    bytes: Box<[u8]>,
    packed: Option<Packed>,
}

#[derive(Clone, Debug)]
struct Packed {
    /// The size before.
    size: usize,
    dictionary: Arc<[u8]>,
}

impl Text {
    pub(super) fn new(object: &Value, applied: &[Applied]) -> serde_json::Result<Self> {
        // JSON without spaces has no line breaks, and neither have names.
        let mut text = serde_json::to_vec(object)?;
        for Applied { manager, fields } in applied {
            for line in [manager, fields] {
                text.push(b'\n');
                text.extend_from_slice(line.as_bytes());
            }
        }
        Ok(Self {
            bytes: text.into(),
            packed: None,
        })
    }

    /// Drops what other managers have applied. Only before it is packed.
    pub(super) fn keep_applied_by(&mut self, is_ours: impl Fn(&str) -> bool) {
        let lines = Lines(Cow::Borrowed(&self.bytes));
        let is_ours = |manager: &[u8]| std::str::from_utf8(manager).is_ok_and(&is_ours);
        if lines.applied().all(|(manager, _)| is_ours(manager)) {
            return;
        }
        let ours = lines.applied().filter(|(manager, _)| is_ours(manager));
        let mut kept = vec![lines.object()];
        kept.extend(ours.flat_map(|(manager, fields)| [manager, fields]));
        let kept = kept.join(&b'\n');
        self.bytes = kept.into();
    }

    /// Compares it with the dictionary, or makes it the dictionary of those that follow.
    pub(super) fn pack(&mut self, dictionary: &OnceLock<Arc<[u8]>>) {
        if self.packed.is_some() || self.bytes.len() > LONGEST_DICTIONARY {
            return;
        }
        let dictionary = dictionary.get_or_init(|| Arc::from(&*self.bytes));
        let packed = lz4_flex::block::compress_with_dict(&self.bytes, dictionary);
        self.packed = Some(Packed {
            size: self.bytes.len(),
            dictionary: dictionary.clone(),
        });
        self.bytes = packed.as_slice().into();
    }

    /// `None` would mean that memory is damaged.
    pub(super) fn unpacked(&self) -> Option<Lines<'_>> {
        let Some(Packed { size, dictionary }) = &self.packed else {
            return Some(Lines(Cow::Borrowed(&self.bytes)));
        };
        let text = lz4_flex::block::decompress_with_dict(&self.bytes, *size, dictionary);
        let text = text.inspect_err(|error| tracing::error!(%error, "a cached object is damaged"));
        Some(Lines(Cow::Owned(text.ok()?)))
    }
}

/// The object, and a manager and its fields in turn.
pub(super) struct Lines<'a>(Cow<'a, [u8]>);

impl Lines<'_> {
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'\n')
    }

    pub(super) fn object(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }

    pub(super) fn applied(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let managers = self.lines().skip(1).step_by(2);
        managers.zip(self.lines().skip(2).step_by(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(name: &str, managers: &[&str]) -> Text {
        let applied = managers.iter().map(|&manager| Applied {
            manager: manager.into(),
            fields: r#"{"f:data":{}}"#.into(),
        });
        let long = "the same in all of them; ".repeat(20);
        let object = json!({ "name": name, "lines": "a\nb", "long": long });
        Text::new(&object, &applied.collect::<Vec<_>>()).unwrap()
    }

    fn read(text: &Text) -> (Value, Vec<String>) {
        let lines = text.unpacked().unwrap();
        let managers = lines.applied().map(|(manager, fields)| {
            assert_eq!(fields, br#"{"f:data":{}}"#);
            String::from_utf8(manager.to_vec()).unwrap()
        });
        let managers = managers.collect();
        (serde_json::from_slice(lines.object()).unwrap(), managers)
    }

    #[test]
    fn what_is_packed_is_small_and_reads_as_before() {
        let dictionary = OnceLock::new();
        for name in ["first", "second", "third"] {
            let plain = text(name, &["me"]);
            let mut packed = plain.clone();
            packed.pack(&dictionary);
            assert!(packed.bytes.len() * 5 < plain.bytes.len(), "{name}");
            packed.pack(&dictionary);
            assert_eq!(read(&packed), read(&plain), "{name}");
            assert_eq!(read(&packed).0["name"], name);
        }
    }

    #[test]
    fn a_large_object_stays_as_it_is() {
        let dictionary = OnceLock::new();
        let object = json!({ "large": "x".repeat(LONGEST_DICTIONARY) });
        let mut large = Text::new(&object, &[]).unwrap();
        large.pack(&dictionary);
        assert_eq!(read(&large), (object, vec![]));
        assert_eq!(dictionary.get(), None);
    }

    #[test]
    fn what_others_have_applied_is_dropped() {
        let mut text = text("x", &["them", "me", "others"]);
        assert_eq!(read(&text).1, ["them", "me", "others"]);
        text.keep_applied_by(|manager| manager == "me");
        assert_eq!(read(&text).1, ["me"]);
        text.keep_applied_by(|_| false);
        assert_eq!(read(&text).1, [""; 0]);
        assert_eq!(read(&text).0["name"], "x");
    }
}
