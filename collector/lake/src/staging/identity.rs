//! What tells the rows of a partition apart: whose event, which, and what it says.

/// Which event a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    /// `account_id`, its twelve digits as a number.
    pub account: u64,
    /// `event_key`, its 32 hex digits as bytes.
    pub key: [u8; 16],
}

/// One copy of an event. Of several that say the same, the first in this order is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventCopy {
    pub identity: Identity,
    /// The first half of `content_sha256`.
    pub content: [u8; 16],
    /// Whether it is CloudTrail's addendum to another record, which may say something else.
    pub addendum: bool,
    /// `event_ms`
    pub ms: i64,
    /// Which of several forms of one event is kept: the lowest.
    pub rank: u8,
}

impl EventCopy {
    /// Bytes that [`EventCopy::write`] appends.
    pub(crate) const BYTES: usize = 8 + 16 + 16 + 1 + 8 + 1;

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.identity.account.to_le_bytes());
        out.extend_from_slice(&self.identity.key);
        out.extend_from_slice(&self.content);
        out.push(u8::from(self.addendum));
        out.extend_from_slice(&self.ms.to_le_bytes());
        out.push(self.rank);
    }

    /// Of the bytes before a packed row, and the packed row.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (account, rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (content, rest) = rest.split_first_chunk()?;
        let (addendum, rest) = rest.split_first()?;
        let (ms, rest) = rest.split_first_chunk()?;
        let (rank, rest) = rest.split_first()?;
        let copy = Self {
            identity: Identity {
                account: u64::from_le_bytes(*account),
                key: *key,
            },
            content: *content,
            addendum: *addendum != 0,
            ms: i64::from_le_bytes(*ms),
            rank: *rank,
        };
        Some((copy, rest))
    }
}

/// How far apart, in milliseconds, copies may be that say the same: a day. EventBridge tries for that long, and
/// a hop gives a copy the time of its own arrival.
pub(crate) const APART_MS: u64 = 86_400_000;

/// The first 32 hex digits, in lower case, as bytes; `None` for any other text.
pub(crate) fn hash(text: &[u8]) -> Option<[u8; 16]> {
    let mut hash = [0; 16];
    let (pairs, _) = text.as_chunks::<2>();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    for (at, byte) in hash.iter_mut().enumerate() {
        let [high, low] = *pairs.get(at)?;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(hash)
}

/// An `event_key`: [`hash`], and nothing behind it.
pub(crate) fn key(text: &[u8]) -> Option<[u8; 16]> {
    (text.len() == 32).then(|| hash(text))?
}

/// An `account_id`: twelve digits.
pub(crate) fn account(text: &[u8]) -> Option<u64> {
    let digits = text.len() == 12 && text.iter().all(u8::is_ascii_digit);
    let number = |sum, digit: &u8| sum * 10 + u64::from(digit - b'0');
    digits.then(|| text.iter().fold(0, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_thirty_two_hex_digits_in_lower_case() {
        let text = b"000102030405060708090a0b0c0d0eff";
        let bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        assert_eq!(key(text), Some(bytes));
        assert_eq!(hash(&[text.as_slice(), b"rest"].concat()), Some(bytes));
        for wrong in [
            &b""[..],
            b"0001",
            &[b'g'; 32],
            &[b'A'; 32],
            &[b'0'; 33],
            "é".repeat(16).as_bytes(),
        ] {
            assert_eq!(key(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_account_is_twelve_digits() {
        assert_eq!(account(b"000000000012"), Some(12));
        assert_eq!(account(b"999999999999"), Some(999_999_999_999));
        for wrong in [&b""[..], b"12", b"00000000001x", b"+00000000012", b"0000000000012"] {
            assert_eq!(account(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_copy_is_read_back_as_it_was_written() {
        let copy = EventCopy {
            identity: Identity {
                account: 12,
                key: [7; 16],
            },
            content: [9; 16],
            addendum: true,
            ms: -5,
            rank: 1,
        };
        let mut bytes = Vec::new();
        copy.write(&mut bytes);
        assert_eq!(bytes.len(), EventCopy::BYTES);
        assert_eq!(
            EventCopy::read(&[&bytes, &b"row"[..]].concat()),
            Some((copy, &b"row"[..]))
        );
        assert_eq!(EventCopy::read(&bytes[1..]), None);
    }
}
