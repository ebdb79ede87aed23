//! What the first bytes of an input, or of a trail's file in it, say.

/// So much of an input says whether it is text.
pub(super) const HEAD: usize = 512;

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// The head of a trail's file is no longer, white space included. A longer one is read as one object.
const LONGEST_HEAD: usize = 4096;

/// What begins with a brace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A trail's file. Its records begin at this byte.
    Ends(usize),
    /// Perhaps a trail's file: more bytes will tell.
    Cut,
    /// Another object.
    Other,
}

/// Whether these are the first bytes of a trail's file.
pub(super) fn records_head(bytes: &[u8]) -> Head {
    let head = bytes.get(..LONGEST_HEAD).unwrap_or(bytes);
    let mut rest = head;
    for token in [b"{".as_slice(), b"\"Records\"", b":", b"["] {
        rest = rest.trim_ascii_start();
        match rest.strip_prefix(token) {
            Some(behind) => rest = behind,
            None if token.starts_with(rest) && head.len() < LONGEST_HEAD => return Head::Cut,
            None => return Head::Other,
        }
    }
    Head::Ends(head.len() - rest.len())
}

/// What the first bytes of an input say it is, if not JSON text. `bytes` are [`HEAD`] at least, or the
/// whole input.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 11] = [
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\x00", "compressed with xz"),
        (b"\x04\x22\x4d\x18", "compressed with lz4"),
        (b"\x1f\x8b", "compressed with gzip twice"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd twice"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ];
    // One read may return more.
    let bytes = bytes.get(..HEAD).unwrap_or(bytes);
    let known = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic));
    // Zeros may stand in a text after a crash, but not at its beginning.
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes).trim_ascii_start();
    let begins = text.starts_with(b"{") || text.starts_with(b"[");
    let binary = (!begins && text.contains(&0)).then_some("binary data");
    known.map(|(_, what)| *what).or(binary)
}
