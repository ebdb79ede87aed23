//! Planning stays cheap as an organization grows: `docs/scale.md` has the figures for 5,000 accounts.

use anyhow::{Result, ensure};
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::scale::{Args, Measured, measure};

const ARGS: Args = Args {
    accounts: 500,
    regions: 4,
    units: 10,
    latency_ms: 0,
    throttle: false,
    cost: false,
    events: 330,
};

/// In the dev profile; design and `docs/scale.md` promise as much for 5,000 accounts.
const MEMORY_KIB: u64 = 150_000_000 / 1024;

#[test]
fn calls_grow_with_pages_only_and_memory_stays_small() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let measured = runtime.block_on(async { measure(&prepare(Functions::Released).await?, &ARGS).await });
    let outcome = measured.and_then(|measured| measured.iter().try_for_each(check));
    outcome.unwrap_or_else(|error| panic!("{error:?}"));
}

fn check(measured: &Measured) -> Result<()> {
    // Management and audit account are listed as well.
    let pages_of_accounts = (ARGS.accounts + 2).div_ceil(20);
    let instances = match measured.situation {
        "first enrolment" => 0,
        "steady state" => ARGS.accounts * ARGS.regions,
        _ => ARGS.accounts * ARGS.regions * 99 / 100,
    };
    ensure!(measured.calls_of("ListAccounts") == pages_of_accounts, "{measured:?}");
    ensure!(
        measured.calls_of("ListStackInstances") == instances.div_ceil(100),
        "{measured:?}"
    );
    // Whatever else is asked is asked once for the organization, each region, stack or zip: never for
    // each account or unit.
    let others = measured.calls.values().sum::<usize>() - pages_of_accounts - instances.div_ceil(100);
    ensure!(others <= 40, "{others} other calls: {measured:?}");
    ensure!(
        measured.calls_beside_stack_sets() <= pages_of_accounts + 35,
        "{measured:?}"
    );
    ensure!(measured.peak_kib.is_none_or(|peak| peak < MEMORY_KIB), "{measured:?}");
    let lost = ARGS.accounts * ARGS.regions - instances;
    let is_told = match measured.situation {
        "a unit fewer" => measured.said.contains("delete"),
        _ => lost == 0 || measured.said.contains("create"),
    };
    ensure!(is_told, "{}", measured.said);
    Ok(())
}
