//! Sixty-four bytes of JSON at a time: which of them are quotes, braces and line ends.
//!
//! A trail's file is one line of hundreds of megabytes of which one record in a thousand matters, so
//! every byte is looked at here, and most only here. The loops are written for the compiler to turn
//! into vector instructions (a weight for each hit, summed in groups of eight).

/// What is looked at in one go.
pub(super) type Block = [u8; 64];

/// One bit for each byte of a block, the first byte's lowest.
pub(super) type Bits = u64;

/// Where one byte stands.
#[inline]
pub(super) fn equal(block: &Block, byte: u8) -> Bits {
    matching(block, 0, byte)
}

/// Where an object or a list begins: `{` and `[` differ in one bit.
#[inline]
pub(super) fn opening(block: &Block) -> Bits {
    matching(block, 0x20, b'{')
}

/// Where an object or a list ends.
#[inline]
pub(super) fn closing(block: &Block) -> Bits {
    matching(block, 0x20, b'}')
}

/// Whether one of two bytes is in the block.
#[inline]
pub(super) fn either(block: &Block, one: u8, other: u8) -> bool {
    let mut found = false;
    let mut i = 0;
    while i < block.len() {
        found |= (block[i] == one) | (block[i] == other);
        i += 1;
    }
    found
}

/// Where a byte, with the bits of `with` set, is the one looked for. Plain loops, because unoptimised,
/// as tests run them, iterators and closures take ten times as long.
#[inline]
fn matching(block: &Block, with: u8, byte: u8) -> Bits {
    let mut weights = [0_u8; 64];
    let mut i = 0;
    while i < block.len() {
        weights[i] = if block[i] | with == byte { 1 << (i % 8) } else { 0 };
        i += 1;
    }
    let mut bits = 0;
    let mut group = 0;
    while group < 64 {
        let mut sum = 0;
        let mut i = 0;
        while i < 8 {
            // No two have a bit in common.
            sum += weights[group + i];
            i += 1;
        }
        bits |= (sum as u64) << group;
        group += 8;
    }
    bits
}

/// Which bytes an odd run of backslashes precedes. `carry` says whether the block's first byte is one,
/// and afterwards whether the next block's is.
#[inline]
pub(super) fn escaped(backslashes: Bits, carry: &mut bool) -> Bits {
    let mut escaped = Bits::from(*carry);
    let mut left = backslashes & !escaped;
    *carry = false;
    while left != 0 {
        let backslash = left & left.wrapping_neg();
        escaped |= backslash << 1;
        *carry = backslash >> 63 != 0;
        left &= !(backslash | backslash << 1);
    }
    escaped
}

/// Which bytes stand in a string, its first quote included and its last not. `inside` says whether
/// the block begins in one, and afterwards whether the next block does.
#[inline]
pub(super) fn strings(quotes: Bits, inside: &mut bool) -> Bits {
    let mut bits = quotes;
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    if *inside {
        bits = !bits;
    }
    *inside = bits >> 63 != 0;
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block() -> impl Strategy<Value = Block> {
        let byte = prop_oneof![
            any::<u8>(),
            prop::sample::select(br#""\{}[]:,"#.to_vec()),
            Just(b'\n'),
            Just(b'\\')
        ];
        prop::collection::vec(byte, 64).prop_map(|bytes| bytes.try_into().unwrap())
    }

    fn one_by_one(block: &Block, matches: impl Fn(u8) -> bool) -> Bits {
        let bits = block.iter().enumerate();
        bits.filter(|(_, byte)| matches(**byte))
            .fold(0, |bits, (i, _)| bits | 1 << i)
    }

    proptest! {
        #[test]
        fn masks_say_what_looking_byte_by_byte_says(block in block(), byte: u8) {
            prop_assert_eq!(equal(&block, byte), one_by_one(&block, |given| given == byte));
            prop_assert_eq!(opening(&block), one_by_one(&block, |given| matches!(given, b'{' | b'[')));
            prop_assert_eq!(closing(&block), one_by_one(&block, |given| matches!(given, b'}' | b']')));
            prop_assert_eq!(either(&block, b'\\', byte), block.iter().any(|given| *given == byte || *given == b'\\'));
        }

        #[test]
        fn strings_and_escapes_are_found_across_blocks(blocks in prop::collection::vec(block(), 1..4)) {
            let (mut carry, mut inside) = (false, false);
            let (mut slow_escape, mut slow_inside) = (false, false);
            for block in &blocks {
                let escapes = escaped(equal(block, b'\\'), &mut carry);
                let found = strings(equal(block, b'"') & !escapes, &mut inside);
                for (i, byte) in block.iter().enumerate() {
                    let is_escaped = std::mem::take(&mut slow_escape);
                    prop_assert_eq!(escapes >> i & 1 == 1, is_escaped);
                    match byte {
                        b'\\' if !is_escaped => slow_escape = true,
                        b'"' if !is_escaped => slow_inside = !slow_inside,
                        _ => {}
                    }
                    prop_assert_eq!(found >> i & 1 == 1, slow_inside);
                }
            }
        }
    }
}
