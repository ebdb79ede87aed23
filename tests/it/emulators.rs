//! What the emulators of the local organization open on this machine (ports of loopback, and no fixed one), and what is
//! put right in one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use pipetrail_tests::emulators::{MINISTACK, python};

use crate::built::built;
use crate::org;

/// The processes below that one.
fn below(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|text| {
            text.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect();
    children
        .iter()
        .flat_map(|child| [vec![*child], below(*child)].concat())
        .collect()
}

/// The sockets that a process has open, by inode.
fn sockets(process: u32) -> BTreeSet<String> {
    let open = fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let links = open.filter_map(|fd| fs::read_link(fd.path()).ok());
    let inode = |link: &Path| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
    links.filter_map(|link| inode(&link)).collect()
}

/// Addresses on which this machine listens, as the kernel writes them, each with its socket's inode.
fn listening() -> Vec<(String, String)> {
    const LISTENS: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let fields = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(3) == Some(&LISTENS))
        .map(|fields| (fields[1].to_owned(), fields[9].to_owned()))
        .collect()
}

#[test]
fn the_local_organization_listens_on_loopback_alone() {
    org::with(|_| async {
        let ours: BTreeSet<String> = below(std::process::id()).into_iter().flat_map(sockets).collect();
        let open: Vec<String> = listening()
            .into_iter()
            .filter(|(_, inode)| ours.contains(inode))
            .map(|(address, _)| address)
            .collect();
        ensure!(open.len() >= 2, "two emulators listen: {open:?}");
        let elsewhere: Vec<&String> = open
            .iter()
            .filter(|address| {
                !["0100007F:", "00000000000000000000000001000000:"]
                    .iter()
                    .any(|ip| address.starts_with(ip))
            })
            .collect();
        ensure!(elsewhere.is_empty(), "{elsewhere:?} is no address of loopback");
        Result::<()>::Ok(())
    });
}

/// Otherwise whoever creates a stack ends the functions of all other organizations here.
#[test]
fn a_new_function_ends_those_of_its_name_in_its_own_account_alone() {
    let (patch, _) = MINISTACK.rsplit_once("runpy.run_module").unwrap();
    let script = format!(
        r#"{patch}
from ministack.core import lambda_runtime
names = [account + ":eu-central-1:pipetrail-approval:$LATEST" for account in ("111111111111", "222222222222")]
lambda_runtime._workers.update((name, []) for name in names)
lambda_svc.invalidate_worker("pipetrail-approval")
assert list(lambda_runtime._workers) == names[:1], lambda_runtime._workers
"#
    );
    let python = python::environment(&built().target).unwrap();
    let ran = std::process::Command::new(python)
        .args(["-c", &script])
        .env("MINISTACK_ACCOUNT_ID", "222222222222")
        .env("MINISTACK_REGION", "eu-central-1")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
