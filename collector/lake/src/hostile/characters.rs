//! The characters that are dangerous wherever they are shown, and texts without them.

use std::borrow::Cow;

/// Whether a character has no shape of its own: control characters, marks that reverse, join or hide
/// what stands beside them, and blanks that do not look like any.
///
/// Line feed and tab are among them; views in which they do no harm let them pass. U+FE0F is not: it
/// gives a sign its colours, and hides nothing.
#[must_use]
pub fn is_dangerous(c: char) -> bool {
    match c {
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => true,
        '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' => true,
        '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0E}' => true,
        '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => true,
        c => c.is_control(),
    }
}

/// Whether it is dangerous in a view that keeps lines and tabs as they are.
pub(super) fn is_dangerous_in_lines(c: char) -> bool {
    is_dangerous(c) && !matches!(c, '\n' | '\t')
}

/// The text with what is dangerous in it written in another way.
pub(super) fn replaced(
    text: &str,
    is_dangerous: impl Fn(char) -> bool + Copy,
    write: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            write(c, &mut shown);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}
