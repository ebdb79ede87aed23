//! The batch contract between SQS and a function: messages in, the ids of failed ones out.
//!
//! Only failed messages come again; after the queue's `maxReceiveCount` they rest in its dead-letter
//! queue. Source: Lambda's partial batch responses (`ReportBatchItemFailures`).

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub message_id: String,
    /// What was sent.
    #[serde(default)]
    pub body: String,
}

/// The answer: messages that must come again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// Empty when all went well.
    pub batch_item_failures: Vec<FailedMessage>,
}

/// One message that must come again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedMessage {
    pub item_identifier: String,
}

impl Failures {
    pub fn add(&mut self, message: &Message) {
        self.batch_item_failures.push(FailedMessage {
            item_identifier: message.message_id.clone(),
        });
    }
}
