//! How much memory queries may take; beyond it sorting and grouping go to the temporary folder.

use std::fs;

/// Where the machine does not say how much it has.
const UNKNOWN: usize = 4 << 30;

/// Half of what the machine, or the container, has.
pub(super) fn limit() -> usize {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    machine.into_iter().chain(container).min().unwrap_or(UNKNOWN) / 2
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read_in_bytes() {
        let text = "MemTotal:       24603136 kB\nMemFree:         3196540 kB\n";
        assert_eq!(total(text), Some(24_603_136 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert_eq!(total("MemTotal: many kB\n"), None);
        assert!(limit() > 0);
    }
}
