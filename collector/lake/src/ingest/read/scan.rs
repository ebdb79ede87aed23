//! Finds where a JSON object ends, without parsing it.

use super::mask::{self, Bits, Block};

/// Nested deeper no JSON parser of ours goes, so it is no event.
const DEEPEST: u32 = 128;

/// So many bytes are looked at in one go. An object's end is found when its whole block is there, or
/// when the input ends.
pub(super) const BLOCK: usize = size_of::<Block>();

/// What was found in the bytes given so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The object ends before this byte.
    End(usize),
    /// It goes on behind what was given.
    More,
    /// It is none, whatever follows.
    Broken,
}

/// A scan that can be continued when more bytes are there; it looks at none twice.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    at: usize,
    depth: u32,
    in_string: bool,
    escape: bool,
    /// Whether the last byte was a line end outside of strings.
    line_ended: bool,
    /// The last byte that was forgotten, white space aside.
    forgotten: Option<u8>,
}

impl Scan {
    /// A scan from the object's own `{` on.
    pub(super) fn of_object() -> Self {
        Self::within(0)
    }

    /// A scan of what is left of so many open objects and lists.
    pub(super) fn within(depth: u32) -> Self {
        Self {
            at: 0,
            depth,
            in_string: false,
            escape: false,
            line_ended: false,
            forgotten: None,
        }
    }

    /// Goes on in `bytes`, which begin where they began before. `last` says that none will follow;
    /// otherwise the last few wait for those.
    pub(super) fn advance(&mut self, bytes: &[u8], last: bool) -> Scanned {
        let (blocks, tail) = bytes.get(self.at..).unwrap_or_default().as_chunks::<BLOCK>();
        for block in blocks {
            match self.block(block, bytes) {
                Scanned::More => self.at += BLOCK,
                found => return found,
            }
        }
        if last && !tail.is_empty() {
            let mut padded = [b' '; BLOCK];
            padded[..tail.len()].copy_from_slice(tail);
            let found = self.block(&padded, bytes);
            self.at += tail.len();
            return found;
        }
        Scanned::More
    }

    /// Forgets the first bytes: what is given next begins behind them.
    pub(super) fn forget(&mut self, bytes: &[u8]) {
        self.at = self.at.saturating_sub(bytes.len());
        self.forgotten = bytes.trim_ascii_end().last().copied().or(self.forgotten);
    }

    /// How far it has looked.
    pub(super) fn seen(&self) -> usize {
        self.at
    }

    #[inline]
    fn block(&mut self, block: &Block, bytes: &[u8]) -> Scanned {
        let rare = mask::either(block, b'\\', b'\n');
        let escaped = if rare {
            mask::escaped(mask::equal(block, b'\\'), &mut self.escape)
        } else {
            let first = Bits::from(self.escape);
            self.escape = false;
            first
        };
        let quotes = mask::equal(block, b'"') & !escaped;
        let strings = mask::strings(quotes, &mut self.in_string);
        let opening = mask::opening(block) & !strings;
        let closing = mask::closing(block) & !strings;
        let end = self.end(opening, closing);
        if rare || self.line_ended {
            let before_end = end.map_or(Bits::MAX, |end| !(Bits::MAX << end));
            if self.is_broken(
                mask::equal(block, b'\n') & before_end,
                strings,
                opening & before_end,
                bytes,
            ) {
                return Scanned::Broken;
            }
        }
        match end {
            Some(end) => Scanned::End(self.at + end as usize + 1),
            None if self.depth > DEEPEST => Scanned::Broken,
            None => Scanned::More,
        }
    }

    /// Which byte of the block closes the object.
    #[inline]
    fn end(&mut self, opening: Bits, closing: Bits) -> Option<u32> {
        if closing.count_ones() < self.depth {
            self.depth += opening.count_ones();
            self.depth -= closing.count_ones();
            return None;
        }
        let mut left = opening | closing;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            if opening & bit != 0 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(bit.trailing_zeros());
                }
            }
            left ^= bit;
        }
        None
    }

    /// A line that was cut off must not take the next ones with it. A string has no line end in it;
    /// and where a line begins with a brace or bracket, the one before ends in a comma, a colon or an
    /// opening bracket.
    #[inline(never)]
    fn is_broken(&mut self, lines: Bits, strings: Bits, opening: Bits, bytes: &[u8]) -> bool {
        if lines & strings != 0 {
            return true;
        }
        let mut begun = (lines << 1 | Bits::from(self.line_ended)) & opening;
        self.line_ended = lines >> 63 != 0;
        while begun != 0 {
            let at = self.at + begun.trailing_zeros() as usize;
            let before = bytes.get(..at).unwrap_or_default().trim_ascii_end();
            if !matches!(
                before.last().copied().or(self.forgotten),
                None | Some(b',' | b':' | b'[')
            ) {
                return true;
            }
            begun &= begun - 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_precedes_a_line_counts_although_it_is_forgotten() {
        for (last, found) in [('1', Scanned::Broken), (',', Scanned::More)] {
            let line = format!("{:\n<64}", format!(r#"{{"a":[1{last}"#));
            let mut scan = Scan::of_object();
            assert_eq!(scan.advance(line.as_bytes(), false), Scanned::More);
            scan.forget(line.as_bytes());
            assert_eq!(
                scan.advance(format!("{:\n<64}", "{").as_bytes(), false),
                found,
                "{last}"
            );
        }
    }
}
