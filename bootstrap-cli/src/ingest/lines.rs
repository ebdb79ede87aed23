//! Envelopes of a file, one a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::{Form, Record};
use crate::printer::Meter;

/// Reads a file; the sink says whether to go on.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path, meter: &Meter, sink: &mut dyn FnMut(Record<'_>) -> bool) -> io::Result<u64> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let (mut line, mut number, mut bytes) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            return Ok(bytes);
        }
        number += 1;
        bytes += read;
        meter.read(read);
        let text = line.trim_ascii();
        let record = Record {
            form: Form::Envelope,
            bytes: text,
            line: number,
        };
        if !text.is_empty() && !sink(record) {
            return Ok(bytes);
        }
    }
}
