//! Asks the audits of a report.

use pipetrail_lake::audits::{self, Parameters};
use pipetrail_lake::engine::Engine;
use pipetrail_report::{AUDITS, Asked, Question, Report};

use crate::failure::Result;

/// Asks all of them, one after the other: each keeps the engine busy by itself.
///
/// # Errors
/// A parameter is wrong, or the engine refuses one of them.
pub(super) async fn gather(engine: &Engine, question: Question, parameters: &Parameters) -> Result<Report> {
    let mut asked = Vec::with_capacity(AUDITS.len());
    for (name, columns) in AUDITS {
        let audit = audits::find(name)?;
        let mut bound = parameters.clone();
        // What an audit does not know it shows whole: a heartbeat has no pipeline.
        if !audit.takes("pipeline") {
            bound.pipelines.clear();
        }
        let sql = audit.sql(&bound)?;
        let answer = engine.ask(&sql).await?.collect().await?;
        let one = Asked {
            name: (*name).to_owned(),
            title: audit.answers.clone(),
            sql,
            answer,
        };
        asked.push(one.require(columns)?);
    }
    Ok(Report {
        question,
        audits: asked,
    })
}
