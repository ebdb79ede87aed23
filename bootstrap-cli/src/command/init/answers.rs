//! From flags, findings and a terminal to a full set of answers.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::file::Answers;
use super::find::{Found, Unit};
use crate::config::{AccountId, Email, OuId, Region};
use crate::doctor::enabled;
use crate::failure::UsageError;

/// What the flags and the profiles say.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Profile of the management account.
    pub profile: Option<String>,
    /// Profile of the audit account.
    pub audit_profile: Option<String>,
    /// Units to enrol.
    pub units: Vec<OuId>,
    /// Regions to enrol.
    pub regions: Vec<Region>,
    /// The audit account: by flag, or that of the audit profile.
    pub audit_account: Option<AccountId>,
    /// Home region by flag.
    pub home: Option<Region>,
    /// The profile's region: what is offered as home region.
    pub profile_region: Option<String>,
    /// Address for alarms.
    pub operator_email: Option<Email>,
}

/// An answer that nobody gave.
fn unanswered(what: &str, flag: &str) -> UsageError {
    let message = format!("{what}, and there is no terminal to ask on");
    UsageError::new(message, format!("give {flag}"))
}

/// Fills in what is missing: from what was found where that leaves no choice, else by asking.
///
/// `ask` gets a question and a default, and gives back a line, or `None` where nobody can be asked; with
/// `yes` the offered regions are taken without it.
///
/// # Errors
/// A question that nobody answers.
pub(super) fn complete(
    given: Given,
    found: &Found,
    yes: bool,
    mut ask: impl FnMut(&str, &str) -> Option<String>,
) -> Result<Answers, UsageError> {
    let offered = given.profile_region.unwrap_or_default();
    let taken = || offered.parse().ok().filter(|_| yes);
    let asked = || until(one, &mut ask, "home region, where bus and lake stand", &offered);
    let home: Option<Region> = given.home.or_else(taken).or_else(asked);
    let home = home.ok_or_else(|| unanswered("the home region is not known", "--home-region <REGION>"))?;
    let asked = || until(one, &mut ask, "audit account, 12 digits", "");
    let audit_account = given.audit_account.or_else(asked).ok_or_else(|| {
        let flag = "--audit-account <ACCOUNT>, or --audit-profile <NAME> of a profile of it";
        unanswered("the audit account is not known", flag)
    })?;
    let units = if given.units.is_empty() {
        let listed = found.units.as_deref().unwrap_or_default();
        let chosen = match listed {
            [root] => Some(vec![root.id.clone()]),
            _ => {
                let root = listed.first().map_or("", |root| root.id.as_str());
                let tree = tree(listed, found.more_units);
                until(many, &mut ask, &format!("{tree}OUs to enrol, by id, with commas"), root)
            }
        };
        chosen.ok_or_else(|| unanswered("which OUs to enrol is not known", "--ou <ID> (the root enrols all)"))?
    } else {
        given.units
    };
    let regions = if !given.regions.is_empty() {
        given.regions
    } else if yes {
        vec![home.clone()]
    } else {
        let listed = found.regions.iter().flatten().flat_map(enabled);
        let listed = listed.map(Region::as_str).collect::<Vec<_>>().join(", ");
        let shown = if listed.is_empty() {
            String::new()
        } else {
            format!("enabled regions: {listed}\n")
        };
        let question = format!("{shown}regions to enrol, with commas");
        let chosen = until(many, &mut ask, &question, home.as_str());
        chosen.ok_or_else(|| unanswered("which regions to enrol is not known", "--regions <REGION,REGION>"))?
    };
    Ok(Answers {
        profile: given.profile,
        audit_profile: given.audit_profile,
        units: distinct(units),
        regions: distinct(regions),
        audit_account,
        home,
        operator_email: given.operator_email,
    })
}

/// The units as they hang, one a line.
fn tree(units: &[Unit], more: bool) -> String {
    let mut text = String::new();
    for Unit { id, name, depth } in units {
        // A name may be anything, and nothing of it is for the terminal.
        let name = name.replace(char::is_control, " ");
        text += &format!("{:indent$}{id}  {name}\n", "", indent = depth * 2);
    }
    if more {
        text += "… and more\n";
    }
    text
}

/// Asks until there is a line that can be read.
fn until<T>(
    read: impl Fn(&str) -> Result<T, String>,
    ask: &mut impl FnMut(&str, &str) -> Option<String>,
    question: &str,
    default: &str,
) -> Option<T> {
    let mut question = question.to_owned();
    loop {
        match read(&ask(&question, default)?) {
            Ok(answer) => return Some(answer),
            Err(complaint) => question = complaint,
        }
    }
}

fn one<T: FromStr<Err: std::fmt::Display>>(line: &str) -> Result<T, String> {
    line.parse().map_err(|complaint: T::Err| complaint.to_string())
}

fn many<T: FromStr<Err: std::fmt::Display>>(line: &str) -> Result<Vec<T>, String> {
    let parts = line.split([',', ' ']).filter(|part| !part.is_empty());
    let answers = parts.map(one).collect::<Result<Vec<T>, _>>()?;
    if answers.is_empty() {
        return Err("name one at least".to_owned());
    }
    Ok(answers)
}

/// The configuration refuses repetitions.
fn distinct<T: Ord + Clone>(mut values: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Explain;
    use pipetrail_stacksets::Error;

    fn found(units: &[(&str, usize)]) -> Found {
        let units = units.iter().map(|(id, depth)| Unit {
            id: parsed(id),
            name: "x".to_owned(),
            depth: *depth,
        });
        Found {
            organization: Ok("o-abcdefghij".into()),
            units: Ok(units.collect()),
            more_units: false,
            regions: Err(Error::TrustedAccessOff),
            trail: vec![],
        }
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> T {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn given() -> Given {
        Given {
            units: vec![parsed("ou-ab12-11111111"), parsed("ou-ab12-11111111")],
            regions: vec![parsed("eu-central-1")],
            audit_account: Some(parsed("999988887777")),
            home: Some(parsed("eu-central-1")),
            ..Given::default()
        }
    }

    fn nobody(_: &str, _: &str) -> Option<String> {
        None
    }

    #[test]
    fn flags_alone_are_enough_and_repetitions_are_dropped() {
        let answers = complete(given(), &found(&[]), false, nobody);
        let answers = answers.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answers.units, [parsed::<OuId>("ou-ab12-11111111")]);
    }

    #[test]
    fn without_a_terminal_the_missing_flag_is_named() {
        let tree = [("r-ab12", 0), ("ou-ab12-11111111", 1)];
        let cases: [(Given, &str); 4] = [
            (
                Given {
                    units: vec![],
                    ..given()
                },
                "--ou",
            ),
            (
                Given {
                    regions: vec![],
                    ..given()
                },
                "--regions",
            ),
            (
                Given {
                    audit_account: None,
                    ..given()
                },
                "--audit-account",
            ),
            (Given { home: None, ..given() }, "--home-region "),
        ];
        for (given, flag) in cases {
            let error = complete(given, &found(&tree), false, nobody).err();
            let hint = error.and_then(|error| error.hint()).unwrap_or_default();
            assert!(hint.contains(flag), "{hint}");
        }
    }

    #[test]
    fn a_yes_takes_the_offered_regions_and_never_guesses_a_unit() {
        let offered = |units: Vec<OuId>| Given {
            home: None,
            regions: vec![],
            units,
            profile_region: Some("eu-west-1".into()),
            ..given()
        };
        let tree = [("r-ab12", 0), ("ou-ab12-11111111", 1)];
        let answers = complete(offered(given().units), &found(&tree), true, nobody);
        let answers = answers.map(|answers| (answers.home, answers.regions));
        assert_eq!(answers, Ok((parsed("eu-west-1"), vec![parsed("eu-west-1")])));
        assert!(complete(offered(vec![]), &found(&tree), true, nobody).is_err());
    }

    #[test]
    fn a_root_without_units_is_no_choice() {
        let answers = complete(
            Given {
                units: vec![],
                ..given()
            },
            &found(&[("r-ab12", 0)]),
            false,
            nobody,
        );
        assert_eq!(answers.map(|answers| answers.units), Ok(vec![parsed("r-ab12")]));
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again_and_an_empty_one_takes_the_default() {
        let mut lines = ["eu-nowhere", "", "ou-ab12-11111111, ou-ab12-22222222"].into_iter();
        let given = Given {
            home: None,
            units: vec![],
            profile_region: Some("eu-west-1".into()),
            ..given()
        };
        let answers = complete(
            given,
            &found(&[("r-ab12", 0), ("ou-ab12-11111111", 1)]),
            false,
            |_, default| {
                let line = lines.next().unwrap_or_default();
                Some(if line.is_empty() { default } else { line }.to_owned())
            },
        );
        let answers = answers.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answers.home.as_ref(), "eu-west-1");
        assert_eq!(answers.units.len(), 2);
    }
}
