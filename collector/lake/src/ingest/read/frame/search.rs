//! Finds where a record may begin in bytes that are refused.

use memchr::{memchr, memchr_iter, memmem};

/// How objects of AWS begin: where one of these stands, a record begins, whatever was before. In a
/// string its quotes would be escaped.
const BEGINNINGS: [&[u8]; 3] = [br#"{"eventVersion":""#, br#"{"version":"0""#, br#"{"attemptsMade":"#];

/// Enough to recognise a beginning, or an indented line, that the end of what was read cuts.
pub(super) const OVERLAP: usize = 4096;

/// What is found first, looking further and further: mostly it is near, and it is looked for often
/// where much is refused.
pub(super) fn nearest(bytes: &[u8], find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut length = 256;
    loop {
        let part = bytes.get(..length).unwrap_or(bytes);
        let found = find(part);
        if found.is_some() || part.len() == bytes.len() {
            return found;
        }
        length *= 4;
    }
}

/// Where the next line begins.
pub(super) fn next_line(bytes: &[u8], from: usize) -> Option<usize> {
    Some(from + memchr(b'\n', bytes.get(from..)?)? + 1)
}

/// Where a line begins with a brace behind at most `column` bytes of white space.
pub(super) fn next_object(bytes: &[u8], from: usize, column: usize) -> Option<usize> {
    memchr_iter(b'\n', bytes).map(|line| line + 1).find_map(|line| {
        let rest = bytes.get(line..)?;
        let indent = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .take(column)
            .count();
        let begins = rest.get(indent) == Some(&b'{') && line + indent >= from;
        begins.then_some(line + indent)
    })
}

/// Where an object of AWS begins.
pub(super) fn beginning(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let found = BEGINNINGS.iter().filter_map(|beginning| memmem::find(rest, beginning));
    found.min().map(|at| from + at)
}
