//! Whole numbers beyond 64 bits: the parser gives them as floats, which lose digits, so that two
//! numbers become one.

use std::borrow::Cow;

use super::Json;

/// Fewest digits of a whole number beyond 64 bits.
const FEWEST: usize = 19;

impl<'a> Json<'a> {
    /// Reads a text; of whole numbers beyond 64 bits the digits are kept, which deserializing one does
    /// not do.
    ///
    /// # Errors
    /// It is not JSON, or nested deeper than the parser goes (128).
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        let mut json: Self = serde_json::from_str(text)?;
        json.keep_digits(text);
        Ok(json)
    }

    /// Puts the digits of such numbers in the place of their floats. `text` is what this was deserialized
    /// from.
    pub(crate) fn keep_digits(&mut self, text: &'a str) {
        if has_long_run(text.as_bytes()) {
            put(self, &mut Numbers { text, at: 0 });
        }
    }
}

/// Whether so many digits stand in a row anywhere: then one of them stands at every so manyth place.
fn has_long_run(bytes: &[u8]) -> bool {
    (FEWEST - 1..bytes.len()).step_by(FEWEST).any(|at| {
        let (before, behind) = bytes.split_at(at);
        let digits = |byte: &&u8| byte.is_ascii_digit();
        let behind = behind.iter().take_while(digits).count();
        behind > 0 && before.iter().rev().take_while(digits).count() + behind >= FEWEST
    })
}

/// The numbers of the tree stand in the order of the text.
fn put<'a>(json: &mut Json<'a>, numbers: &mut Numbers<'a>) {
    match json {
        Json::Unsigned(_) | Json::Signed(_) => {
            numbers.next();
        }
        Json::Float(_) => {
            if let Some(number) = numbers.next()
                && number.len() >= FEWEST
                && !number.contains(['.', 'e', 'E'])
            {
                *json = Json::Digits(Cow::Borrowed(number));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| put(item, numbers)),
        Json::Object(fields) => fields.iter_mut().for_each(|(_, value)| put(value, numbers)),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Digits(_) => {}
    }
}

/// The numbers of a JSON text, as they stand there.
struct Numbers<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Numbers<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    while let Some(byte) = bytes.get(self.at).filter(|byte| **byte != b'"') {
                        self.at += if *byte == b'\\' { 2 } else { 1 };
                    }
                    self.at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let begin = self.at;
                    let of_number = |byte: &&u8| matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    self.at += bytes.iter().skip(begin).take_while(of_number).count();
                    return self.text.get(begin..self.at);
                }
                _ => self.at += 1,
            }
        }
        None
    }
}
