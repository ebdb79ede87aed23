//! Generated events into files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::days::{Days, Delivered};
use super::noise::Noise;
use super::random::Random;
use super::recipe::{Form, Recipe};

/// Lines of one file of envelopes, and records of one CloudTrail log file.
const A_FILE: usize = 20_000;
/// The organization whose trail it is.
const ORGANIZATION: &str = "o-exampleorg01";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Events of CodePipeline and heartbeats, with those that come twice.
    pub events: u64,
    /// Calls among them that decided a gate, with those that come twice.
    pub decisions: u64,
    /// Records of other services.
    pub noise: u64,
    pub files: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Accounts in which something happened.
    pub accounts: usize,
}

/// Writes what the recipe asks for into a folder, which is made.
///
/// # Errors
/// When it cannot be written to.
pub fn write(recipe: Recipe, out: &Path) -> Result<Written> {
    fs::create_dir_all(out)?;
    let (form, noise, seed) = (recipe.form, recipe.noise, recipe.seed);
    let mut writer = Writer {
        out: out.to_owned(),
        written: Written::default(),
        random: Random::new(seed, "files"),
        noise: Noise::new(seed, noise),
    };
    let mut accounts = BTreeSet::new();
    for day in Days::new(recipe) {
        for delivered in &day {
            writer.written.events += 1;
            writer.written.decisions += u64::from(delivered.decision);
            if !accounts.contains(&delivered.account) {
                accounts.insert(delivered.account.clone());
            }
        }
        match form {
            Form::Envelopes => writer.envelopes(&day)?,
            Form::Trail => writer.trail(&day)?,
        }
    }
    writer.written.accounts = accounts.len();
    Ok(writer.written)
}

struct Writer {
    out: PathBuf,
    written: Written,
    random: Random,
    noise: Noise,
}

impl Writer {
    fn envelopes(&mut self, day: &[Delivered]) -> Result<()> {
        for (number, part) in day.chunks(A_FILE).enumerate() {
            let date = part[0].at.strftime("%Y-%m-%d");
            let mut file = self.begin(&self.out.join(format!("events-{date}-{:02}.ndjson.gz", number + 1)))?;
            for delivered in part {
                self.put(&mut file, delivered.text.as_bytes())?;
                self.put(&mut file, b"\n")?;
            }
            file.finish()?.flush()?;
        }
        Ok(())
    }

    /// The folders and names of an organization trail.
    fn trail(&mut self, day: &[Delivered]) -> Result<()> {
        let mut places: BTreeMap<(&str, &str), Vec<&Delivered>> = BTreeMap::new();
        for delivered in day {
            let place = (delivered.account.as_str(), delivered.region.as_str());
            places.entry(place).or_default().push(delivered);
        }
        for ((account, region), records) in places {
            let of_codepipeline = (A_FILE / (self.noise.each() + 1)).max(1);
            for part in records.chunks(of_codepipeline) {
                let at = part[part.len() - 1].at;
                let folder = self
                    .out
                    .join(format!("AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}"))
                    .join(at.strftime("%Y/%m/%d").to_string());
                fs::create_dir_all(&folder)?;
                let name = format!(
                    "{account}_CloudTrail_{region}_{}_{}.json.gz",
                    at.strftime("%Y%m%dT%H%MZ"),
                    self.random.hex(16)
                );
                self.log_file(&folder.join(name), (account, region), part)?;
            }
        }
        Ok(())
    }

    fn log_file(&mut self, path: &Path, place: (&str, &str), records: &[&Delivered]) -> Result<()> {
        let mut file = self.begin(path)?;
        self.put(&mut file, b"{\"Records\":[")?;
        for (number, record) in records.iter().enumerate() {
            // Somewhere among the others.
            let before = self.noise.before();
            for position in 0..self.noise.each() {
                if position == before {
                    self.put(&mut file, record.text.as_bytes())?;
                    self.put(&mut file, b",")?;
                }
                let other = self.noise.record(place, record.at);
                self.put(&mut file, other.as_bytes())?;
                self.written.noise += 1;
                if position + 1 < self.noise.each() {
                    self.put(&mut file, b",")?;
                }
            }
            if self.noise.each() == 0 {
                self.put(&mut file, record.text.as_bytes())?;
            }
            if number + 1 < records.len() {
                self.put(&mut file, b",")?;
            }
        }
        self.put(&mut file, b"]}")?;
        file.finish()?.flush()?;
        Ok(())
    }

    fn begin(&mut self, path: &Path) -> Result<GzEncoder<BufWriter<File>>> {
        self.written.files += 1;
        Ok(GzEncoder::new(BufWriter::new(File::create(path)?), Compression::new(4)))
    }

    fn put(&mut self, file: &mut impl Write, bytes: &[u8]) -> Result<()> {
        self.written.bytes += u64::try_from(bytes.len())?;
        Ok(file.write_all(bytes)?)
    }
}
