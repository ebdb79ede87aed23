//! The organization that all tests of this process share.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use pipetrail_tests::day::STRANGER;
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::organization::{Enrolment, Organization};
use pipetrail_tests::player::{Act, Given, Played, play};
use pipetrail_tests::printer;
use pipetrail_tests::wire::Envelope;
use tokio::runtime::Runtime;

/// Members by the test that works in them.
pub(crate) const FIXTURES: [usize; 2] = [0, 1];
pub(crate) const CAPTURES: [usize; 2] = [2, 3];
pub(crate) const ALERTS: [usize; 2] = [4, 5];
pub(crate) const BAD_INPUT: usize = 6;
pub(crate) const MISSING: usize = 7;
pub(crate) const SUBSCRIBING: [usize; 2] = [8, 9];
/// Has an alert topic of its own.
pub(crate) const OWN_TOPIC: usize = 10;
pub(crate) const AUDITS: usize = 11;
pub(crate) const GATES: usize = 12;

struct Shared {
    // One runtime for all: kept connections belong to the runtime that made them.
    runtime: Runtime,
    organization: Arc<Organization>,
}

static SHARED: OnceLock<Shared> = OnceLock::new();

/// Runs a test against the organization; the first one starts it.
pub(crate) fn with<F: Future<Output = Result<()>>>(test: impl FnOnce(Arc<Organization>) -> F) {
    let shared = SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let organization = runtime.block_on(enrolled()).expect("the organization starts");
        Shared { runtime, organization }
    });
    let _warnings = Warnings(shared.organization.folder().join("ministack.log"));
    let outcome = shared.runtime.block_on(test(Arc::clone(&shared.organization)));
    outcome.unwrap_or_else(|error| panic!("{error:?}"));
}

/// Shows what MiniStack complained of last, where a test fails: what it loses is nowhere else to be seen.
struct Warnings(PathBuf);

impl Drop for Warnings {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.0).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(30)..];
            printer::progress(&format!("the end of MiniStack's log:\n{}", last.join("\n")));
        }
    }
}

async fn enrolled() -> Result<Arc<Organization>> {
    let enrolment = Enrolment {
        members: 13,
        account_topics: vec![OWN_TOPIC],
        ..Enrolment::default()
    };
    let organization = Organization::start(&prepare(Functions::Released).await?, enrolment).await?;
    organization.apply().await?;
    organization.subscribe().await?;
    organization.deploy_by_hand(STRANGER).await?;
    Ok(Arc::new(organization))
}

/// An organization of its own in the same emulators, that nobody else in this process has; nothing
/// is enrolled yet.
pub(crate) async fn fresh(shared: &Organization, members: usize) -> Result<Organization> {
    static NEXT: AtomicU64 = AtomicU64::new(777_000_000_001);
    let management = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    let enrolment = Enrolment {
        members,
        ..Enrolment::default()
    };
    shared.beside(&management, enrolment).await
}

/// An event as given, with another account and Region wherever they stand.
pub(crate) fn moved(text: &str, account: (&str, &str), region: (&str, &str)) -> Envelope {
    let text = text.replace(account.0, account.1).replace(region.0, region.1);
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    envelope.carriable().unwrap();
    envelope
}

/// Something to emit where its envelope says.
pub(crate) fn emit(envelope: &Envelope) -> Given {
    Given {
        label: envelope.text("id").unwrap(),
        act: Act::Emit {
            account: envelope.text("account").unwrap(),
            region: envelope.text("region").unwrap(),
            envelope: envelope.clone(),
        },
    }
}

/// Plays events and waits until all is delivered.
pub(crate) async fn play_all(organization: &Arc<Organization>, given: Vec<Given>) -> Result<Vec<Played>> {
    let played = play(organization, given).await?;
    pipetrail_tests::tally::wait_for_quiet(organization).await?;
    Ok(played)
}
