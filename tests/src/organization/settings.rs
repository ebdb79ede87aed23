//! The organization's `pipetrail.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::accounts::Made;
use super::enrolment::{Enrolment, HOME};

/// Writes it into a folder; gives back its path.
pub(super) fn write(folder: &Path, made: &Made, enrolment: &Enrolment) -> Result<PathBuf> {
    // A JSON list of strings is a TOML list of strings.
    let (units, regions) = (Value::from(made.units.clone()), Value::from(enrolment.regions.clone()));
    let topics = enrolment
        .account_topics
        .iter()
        .filter_map(|member| made.members.get(*member));
    let topics: Value = topics.map(|member| member.id.clone()).collect();
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let text = format!(
        "[organization]\nprofile = \"management\"\norganizational_units = {units}\nregions = {regions}\n\n\
         [audit]\naccount = \"{}\"\nprofile = \"audit\"\nreader_profile = \"reader\"\nregion = \"{HOME}\"\narchitecture = \"{architecture}\"\n\n\
         [alerts]\naccount_topics = {topics}\n\n\
         [delivery]\n# MiniStack has no archives.\narchive_days = 0\n",
        made.audit
    );
    let path = folder.join("pipetrail.toml");
    fs::write(&path, text)?;
    Ok(path)
}
