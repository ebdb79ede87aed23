//! The report as one page: no network, no framework, a policy that allows nothing but its own style
//! and script. The template escapes whatever it is given; what is passed as safe was made here.

mod data;
mod parts;

use jiff::Timestamp;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use pipetrail_lake::hostile::visible;
use sha2::{Digest, Sha256};

use super::summary::{NONE, Summary};
use super::text::counted;
use super::window::written;
use super::{Report, ReportError};

use parts::Parts;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const PRINTING: &str = include_str!("page/print.js");

/// Writes the page.
///
/// # Errors
/// Never, but for a defect of a template.
pub(crate) fn render(report: &Report) -> Result<String, ReportError> {
    page(report).map_err(|error| ReportError::Render(format!("{error:#}")))
}

fn page(report: &Report) -> Result<String, minijinja::Error> {
    let environment = environment()?;
    let parts = Parts {
        report,
        environment: &environment,
    };
    let (question, summary) = (&report.question, Summary::of(report));
    let (first, last) = question.window.ends();
    let accounts_text = match question.accounts.as_slice() {
        [] => "All accounts of the lake".to_owned(),
        [one] => format!("Account {one} only"),
        some => format!(
            "{}: {}",
            counted(some.len(), "account", "accounts only"),
            some.join(", ")
        ),
    };
    let pipelines_text = format!("Only pipelines named {}", visible(&question.pipelines.join(", ")));
    environment.get_template("page.html")?.render(context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        printing => Value::from_safe_string(PRINTING.to_owned()),
        data => Value::from_safe_string(data::data(report.of("decisions")).unwrap_or_default()),
        question => Value::from(Serde(question)),
        first,
        last,
        asked_to => question.asked_to.map(written),
        from => written(question.window.from),
        to => written(question.window.to),
        generated => written(Timestamp::from_second(question.generated_at.as_second()).unwrap_or(question.generated_at)),
        accounts_text,
        pipelines_text,
        sentence => summary.sentence(),
        cards => Value::from(Serde(summary.cards())),
        total => summary.decisions,
        nothing => NONE,
        unrecorded => parts.unrecorded(&summary)?,
        time => parts.time()?,
        accounts => parts.accounts()?,
        approvers => parts.approvers()?,
        waiting_text => parts.waiting_text(&summary),
        waiting => parts.waiting()?,
        open => parts.open(&summary)?,
        refused => parts.refused()?,
        coverage_text => parts.coverage_text(),
        gaps => parts.gaps()?,
        not_covered => parts.not_covered(),
        all_coverage => parts.all_coverage()?,
        sql => context! {
            summary => parts.sql(&["decisions", "gate-waits", "open-gates", "refused-decisions"])?,
            time => parts.sql(&["decisions-per-day"])?,
            accounts => parts.sql(&["decisions-per-account"])?,
            approvers => parts.sql(&["approvers"])?,
            waiting => parts.sql(&["gate-wait-buckets", "gate-waits"])?,
            decisions => parts.sql(&["decisions"])?,
            open => parts.sql(&["open-gates"])?,
            refused => parts.sql(&["refused-decisions"])?,
            coverage => parts.sql(&["coverage"])?,
        },
    })
}

/// The templates. Those ending in `.html` escape what they are given.
fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_template("page.html", include_str!("page/page.html"))?;
    environment.add_template("chart.html", include_str!("page/chart.html"))?;
    environment.add_template("table.html", include_str!("page/table.html"))?;
    environment.add_template("sql.html", include_str!("page/sql.html"))?;
    Ok(environment)
}

/// What the browser may do with the page: show it, with its own style and script, and nothing else.
fn policy() -> String {
    let hash = |text: &str| base64_simd::STANDARD.encode_to_string(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(SCRIPT),
        hash(PRINTING)
    )
}

#[cfg(test)]
mod tests {
    use crate::hostile_report::{HOSTILE, empty, hostile};

    use super::*;

    #[test]
    fn nothing_of_an_event_becomes_markup() {
        let page = render(&hostile()).unwrap();
        // The data and the page's own two scripts, and their ends.
        assert_eq!(
            (page.matches("<script").count(), page.matches("</script").count()),
            (3, 3)
        );
        assert!(
            !page.contains("<img") && !page.contains("javascript:"),
            "an event's text became markup"
        );
        assert!(!page.contains('\u{202E}') && !page.contains('\0'));
        let names = HOSTILE.iter().filter(|text| text.contains('<')).count();
        assert!(names > 2 && page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    }

    #[test]
    fn the_page_asks_for_nothing_from_elsewhere() {
        let page = render(&hostile()).unwrap();
        let (page, _) = page.split_once("<script").unwrap();
        for way in [
            "<img",
            "<link",
            "<iframe",
            "<object",
            "<base",
            "@import",
            "\"http",
            "style=\"",
            "onclick=\"",
        ] {
            assert!(!page.contains(way), "{way}");
        }
        assert_eq!(page.matches("url(").count(), page.matches("url(#").count());
        assert_eq!(page.matches("href=").count(), page.matches("href=\"#").count());
    }

    #[test]
    fn a_window_without_decisions_has_a_page_that_says_so() {
        let page = render(&empty()).unwrap();
        assert_eq!(page.matches(NONE).count(), 5, "the summary and four parts");
        assert!(!page.contains("Nobody") && !page.contains("No gate waits"));
        // What opens the folded tables for a printer.
        assert_eq!(page.matches("<script").count(), 1);
    }
}
