//! Reads the user's own envelopes and gives every account in them a member.
//!
//! Nothing in a file can stop the others: what EventBridge could never carry is refused by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::value::RawValue;

use crate::organization::{Enrolment, HOME, MEMBERS, Member, SECOND};
use crate::player::{Act, Given};
use crate::printer;
use crate::wire::{Envelope, is_account};

/// What stood in the input, in order.
pub struct Input(Vec<Item>);

struct Item {
    place: String,
    bytes: Vec<u8>,
}

impl Input {
    /// Reads a `.json` file (one envelope or an array of them), an `.ndjson` or `.jsonl` file, or
    /// all of these in a folder.
    ///
    /// # Errors
    /// When a file cannot be read at all, or nothing was found.
    pub fn read(path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(path, &mut files, true).with_context(|| format!("cannot read {}", path.display()))?;
        let mut items = Vec::new();
        for file in files {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty());
            let name = name
                .unwrap_or(Path::new(file.file_name().unwrap_or_default()))
                .display()
                .to_string();
            items.extend(split(&name, &bytes, is_lines(&file)));
        }
        ensure!(!items.is_empty(), "{} holds no events", path.display());
        Ok(Self(items))
    }

    /// As many members and Regions as this input needs.
    #[must_use]
    pub fn enrolment(&self) -> Enrolment {
        let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
        for envelope in self.envelopes() {
            accounts.extend(envelope.text("account"));
            regions.extend(envelope.text("region"));
        }
        let mut all = vec![HOME.to_owned(), SECOND.to_owned()];
        all.extend(regions.into_iter().filter(|region| region != HOME && region != SECOND));
        Enrolment {
            members: accounts.len().max(MEMBERS),
            regions: all,
            ..Enrolment::default()
        }
    }

    /// Which member stands for which given account.
    #[must_use]
    pub fn mapping(&self, members: &[Member]) -> BTreeMap<String, String> {
        let given: BTreeSet<_> = self
            .envelopes()
            .filter_map(|envelope| envelope.text("account"))
            .collect();
        let is_member = |id: &String| members.iter().any(|member| member.id == *id);
        let mut free = members
            .iter()
            .map(|member| &member.id)
            .filter(|id| !given.contains(*id));
        let mut mapping = BTreeMap::new();
        for account in &given {
            let member = if is_member(account) { Some(account) } else { free.next() };
            mapping.extend(member.map(|member| (account.clone(), member.clone())));
        }
        mapping
    }

    /// What to play, with the members in place of the given accounts.
    #[must_use]
    pub fn given(&self, mapping: &BTreeMap<String, String>) -> Vec<Given> {
        self.0.iter().map(|item| item.given(mapping)).collect()
    }

    fn envelopes(&self) -> impl Iterator<Item = Envelope> {
        let parsed = self.0.iter().filter_map(|item| Envelope::parse(&item.bytes).ok());
        parsed.filter(|envelope| envelope.carriable().is_ok())
    }
}

impl Item {
    fn given(&self, mapping: &BTreeMap<String, String>) -> Given {
        let parsed = Envelope::parse(&self.bytes);
        let id = parsed.as_ref().ok().and_then(|envelope| envelope.text("id"));
        let carriable = parsed.and_then(|envelope| envelope.carriable().map(|()| envelope));
        let mapped = carriable.and_then(|_| Envelope::parse(&replace(&self.bytes, mapping)));
        let act = match mapped {
            Ok(envelope) => Act::Emit {
                account: envelope.text("account").unwrap_or_default(),
                region: envelope.text("region").unwrap_or_default(),
                envelope,
            },
            Err(reason) => Act::Refuse(format!("{reason:#}")),
        };
        Given {
            label: id.unwrap_or_else(|| self.place.clone()),
            act,
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>, named: bool) -> Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| collect(entry, files, false));
    }
    if named || is_lines(path) || path.extension().is_some_and(|extension| extension == "json") {
        files.push(path.to_owned());
    } else {
        printer::progress(&format!("{} is neither .json nor .ndjson: left out", path.display()));
    }
    Ok(())
}

fn is_lines(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "ndjson" || extension == "jsonl")
}

/// The single envelopes of a file, each with its place in it.
fn split(name: &str, bytes: &[u8], lines: bool) -> Vec<Item> {
    let item = |place: String, bytes: &[u8]| Item {
        place,
        bytes: bytes.to_vec(),
    };
    if lines {
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let filled = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        return filled
            .map(|(number, line)| item(format!("{name}:{}", number + 1), line.trim_ascii()))
            .collect();
    }
    match serde_json::from_slice::<Vec<&RawValue>>(bytes) {
        Ok(array) => {
            let all = array.iter().enumerate();
            all.map(|(number, raw)| item(format!("{name}#{}", number + 1), raw.get().as_bytes()))
                .collect()
        }
        Err(_) => {
            // One document, or several one after the other.
            let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
            match documents.collect::<Result<Vec<_>, _>>().unwrap_or_default().as_slice() {
                [] | [_] => vec![item(name.to_owned(), bytes)],
                several => {
                    let all = several.iter().enumerate();
                    all.map(|(number, raw)| item(format!("{name}#{}", number + 1), raw.get().as_bytes()))
                        .collect()
                }
            }
        }
    }
}

/// Replaces every given account id by its member's, wherever the twelve digits stand alone.
fn replace(bytes: &[u8], mapping: &BTreeMap<String, String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            out.push(*first);
            rest = &rest[1..];
            continue;
        }
        let (number, tail) = rest.split_at(digits);
        let known = std::str::from_utf8(number).ok().filter(|text| is_account(text));
        let member = known.and_then(|text| mapping.get(text));
        out.extend(member.map_or(number, |id| id.as_bytes()));
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_replaced_everywhere_but_inside_longer_numbers() {
        let mapping = BTreeMap::from([("000011112222".to_owned(), "999900001111".to_owned())]);
        let text = r#"{"account":"000011112222","n":1000011112222,"arn":"arn:aws:iam::000011112222:role/x"}"#;
        let wanted = r#"{"account":"999900001111","n":1000011112222,"arn":"arn:aws:iam::999900001111:role/x"}"#;
        assert_eq!(replace(text.as_bytes(), &mapping), wanted.as_bytes());
    }

    #[test]
    fn every_form_of_file_is_split() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("array.json", "[{\"id\":\"a\"}, 7]");
        write("one.json", "{\"id\":\"b\"}");
        write("lines.ndjson", "{\"id\":\"c\"}\n\nnot json\r\n");
        write("note.md", "left out");
        write("several.json", "{\"id\":\"d\"}\n{\"id\":\"e\"}");
        let input = Input::read(folder.path()).unwrap();
        let labels: Vec<_> = input
            .given(&BTreeMap::new())
            .into_iter()
            .map(|given| given.label)
            .collect();
        assert_eq!(labels, ["a", "array.json#2", "c", "lines.ndjson:3", "b", "d", "e"]);
        assert!(
            input
                .given(&BTreeMap::new())
                .iter()
                .all(|given| matches!(given.act, Act::Refuse(_)))
        );
    }
}
