//! Events that were made up.

/// State changes of so many accounts, months and executions in each.
pub(crate) fn events(accounts: usize, months: usize, executions: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for account in 0..accounts {
        for month in 1..=months {
            for execution in 0..executions {
                let (day, minute) = (execution / 60 % 28 + 1, execution % 60);
                lines.push(format!(
                    r#"{{"version":"0","id":"{account}-{month}-{execution}","detail-type":"CodePipeline Pipeline Execution State Change","source":"aws.codepipeline","account":"{account:012}","time":"2026-{month:02}-{day:02}T09:{minute:02}:00Z","region":"eu-central-1","resources":["arn:aws:codepipeline:eu-central-1:{account:012}:shop"],"detail":{{"pipeline":"shop","execution-id":"{execution:08}-{month:04}-4000-8000-{account:012}","state":"STARTED","version":3.0,"pipeline-execution-attempt":1.0}}}}"#
                ));
            }
        }
    }
    lines
}
