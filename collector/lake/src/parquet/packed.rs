//! A row in as few bytes as can be read back without looking for their ends.
//!
//! For the time between reading an event and writing its partition, in one process: no format to keep.

use thiserror::Error;

use pipetrail_collector::columns::{ColumnType, Visitor};
use pipetrail_collector::json::Json;
use pipetrail_collector::tables::Row;
use pipetrail_collector::write;

/// Bytes that no row was packed into.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a row that was set aside has been damaged")]
pub struct Damaged;

/// Appends a row.
pub fn pack(row: &Row<'_>, out: &mut Vec<u8>) {
    row.visit(&mut Packer {
        out,
        scratch: Vec::with_capacity(4096),
    });
}

/// Shows the values of a packed row of columns of these types.
///
/// # Errors
/// The bytes are no packed row; a part of the values may have been shown.
pub fn unpack(types: &[ColumnType], mut packed: &[u8], visitor: &mut impl Visitor) -> Result<(), Damaged> {
    for ty in types {
        match ty {
            ColumnType::String => match length(&mut packed)? {
                0 => visitor.string(None),
                length => {
                    let text = take(&mut packed, length - 1)?;
                    visitor.string(Some(std::str::from_utf8(text).map_err(|_| Damaged)?));
                }
            },
            ColumnType::Bigint => match take(&mut packed, 1)? {
                [0] => visitor.bigint(None),
                _ => {
                    let bytes = take(&mut packed, 8)?.try_into().map_err(|_| Damaged)?;
                    visitor.bigint(Some(i64::from_le_bytes(bytes)));
                }
            },
            ColumnType::Boolean => visitor.boolean(match take(&mut packed, 1)? {
                [0] => None,
                value => Some(value == [2]),
            }),
        }
    }
    if packed.is_empty() { Ok(()) } else { Err(Damaged) }
}

/// Appends a row value by value, in the order of its columns.
pub struct Packer<'o> {
    out: &'o mut Vec<u8>,
    /// JSON before its length is known.
    scratch: Vec<u8>,
}

impl<'o> Packer<'o> {
    /// Appends to that.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Packer {
            out,
            scratch: Vec::new(),
        }
    }

    /// A text's length plus one, 0 for NULL; seven bits a byte, the lowest first.
    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.out.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.out.push(length as u8);
    }
}

impl Visitor for Packer<'_> {
    fn string(&mut self, value: Option<&str>) {
        match value {
            None => self.out.push(0),
            Some(text) => {
                self.length(text.len() + 1);
                self.out.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn json(&mut self, value: Option<&Json<'_>>) {
        match value {
            None | Some(Json::Null) => self.out.push(0),
            Some(Json::String(text)) => self.string(Some(text)),
            Some(other) => {
                self.scratch.clear();
                write::json(&mut self.scratch, other);
                self.length(self.scratch.len() + 1);
                self.out.extend_from_slice(&self.scratch);
            }
        }
    }

    fn bigint(&mut self, value: Option<i64>) {
        match value {
            None => self.out.push(0),
            Some(value) => {
                self.out.push(1);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    fn boolean(&mut self, value: Option<bool>) {
        self.out.push(match value {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
    }
}

fn take<'p>(packed: &mut &'p [u8], length: usize) -> Result<&'p [u8], Damaged> {
    let (taken, rest) = packed.split_at_checked(length).ok_or(Damaged)?;
    *packed = rest;
    Ok(taken)
}

fn length(packed: &mut &[u8]) -> Result<usize, Damaged> {
    let mut length = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = *take(packed, 1)?.first().ok_or(Damaged)?;
        length |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err(Damaged)
}
