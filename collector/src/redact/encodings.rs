//! Percent-encoding, base64 and hex digits, read bytewise and with the places where they stood.

/// The longest runs of a text: most have none that is worth a closer look.
pub(super) struct Runs {
    /// Hex digits, hyphens between them not counted.
    pub(super) digits: usize,
    /// Characters of base64 or base64url.
    pub(super) base64: usize,
}

impl Runs {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut longest = Self { digits: 0, base64: 0 };
        let (mut digits, mut base64) = (0, 0);
        for byte in bytes {
            let class = CLASSES[usize::from(*byte)];
            base64 = if class & SEXTET == 0 { 0 } else { base64 + 1 };
            longest.base64 = longest.base64.max(base64);
            if class & NIBBLE != 0 {
                digits += 1;
                longest.digits = longest.digits.max(digits);
            } else if *byte != b'-' {
                digits = 0;
            }
        }
        longest
    }
}

/// The text with each `%XX` decoded, and where in the text each byte, and the end, stands; `None`
/// where there is nothing to decode.
pub(super) fn percent_decoded(bytes: &[u8], place: &dyn Fn(usize) -> usize) -> Option<(Vec<u8>, Vec<usize>)> {
    if !bytes.contains(&b'%') {
        return None;
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut places = Vec::with_capacity(bytes.len() + 1);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        places.push(place(at));
        let encoded = match bytes.get(at..at + 3) {
            Some([b'%', high, low]) => nibble(*high).zip(nibble(*low)),
            _ => None,
        };
        decoded.push(encoded.map_or(*byte, |(high, low)| high << 4 | low));
        at += if encoded.is_some() { 3 } else { 1 };
    }
    places.push(place(at));
    (decoded.len() < bytes.len()).then_some((decoded, places))
}

pub(super) fn base64_decoded(run: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(run.len() * 3 / 4);
    for four in run.chunks(4) {
        let mut bits: u32 = 0;
        for byte in four {
            bits = bits << 6 | u32::from(sextet(*byte).unwrap_or_default());
        }
        let whole = four.len() * 6 / 8;
        bits <<= 6 * (4 - four.len());
        decoded.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    decoded
}

const NIBBLE: u8 = 0x40;
const SEXTET: u8 = 0x80;

/// Of each byte, whether it is a hex digit, and whether it is a character of base64 with its value.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        classes[alphabet[value as usize] as usize] = SEXTET | value;
        value += 1;
    }
    classes[b'-' as usize] = SEXTET | 62;
    classes[b'_' as usize] = SEXTET | 63;
    let mut byte = 0;
    while byte < 256 {
        if NIBBLES[byte] != NO_NIBBLE {
            classes[byte] |= NIBBLE;
        }
        byte += 1;
    }
    classes
};

const NIBBLES: [u8; 256] = {
    let mut nibbles = [NO_NIBBLE; 256];
    let digits = b"0123456789abcdef";
    let mut value = 0;
    while value < 16 {
        let digit = digits[value as usize];
        nibbles[digit as usize] = value;
        nibbles[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    nibbles
};
const NO_NIBBLE: u8 = 0xff;

/// The hex digits of each byte.
pub(super) const PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

pub(super) fn nibble(byte: u8) -> Option<u8> {
    let value = NIBBLES[usize::from(byte)];
    (value != NO_NIBBLE).then_some(value)
}

/// The value of at most 16 hex digits, hyphens among them left out, and how many digits they are.
pub(super) fn hex_value(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut value, mut count) = (0, 0);
    for byte in bytes.iter().filter(|byte| **byte != b'-') {
        value = value << 4 | u64::from(nibble(*byte)?);
        count += 1;
    }
    Some((value, count))
}

pub(super) fn sextet(byte: u8) -> Option<u8> {
    let class = CLASSES[usize::from(byte)];
    (class & SEXTET != 0).then_some(class & 63)
}
