//! A function under test and what stands around it: the proxy that breaks its calls, and SQS, which
//! delivers again what failed or was not answered.

use std::path::PathBuf;

use bytes::Bytes;
use pipetrail_tests::fault_proxy::{Fault, FaultProxy};
use pipetrail_tests::lambda_host::{Answer, Function};
use pipetrail_tests::organization::{HOME, Organization};
use serde_json::{Value, json};

/// A function behind the proxy, and the queue in front of it.
pub(super) struct Bench {
    pub proxy: FaultProxy,
    pub binary: PathBuf,
    pub environment: Vec<(&'static str, String)>,
}

impl Bench {
    pub(super) async fn new(org: &Organization, function: &str, own: Vec<(&'static str, String)>) -> Self {
        let proxy = FaultProxy::start(&org.relay.cloud.ministack).await.unwrap();
        let mut environment = vec![
            ("AWS_ENDPOINT_URL", proxy.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", org.relay.cloud.audit.clone()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_REGION", HOME.to_owned()),
            // No second try inside the function: each fault must be survived by the queue alone.
            ("AWS_MAX_ATTEMPTS", "1".to_owned()),
        ];
        environment.extend(own);
        Self {
            proxy,
            binary: org.function(function),
            environment,
        }
    }

    /// Delivers the messages until none fails, as SQS does; returns the number of deliveries.
    pub(super) async fn deliver(&self, bodies: &[String], fault: Option<(usize, Fault)>) -> usize {
        self.proxy.place(fault);
        let mut waiting: Vec<(String, &String)> = bodies
            .iter()
            .enumerate()
            .map(|(i, body)| (i.to_string(), body))
            .collect();
        let mut function: Option<Function> = None;
        for deliveries in 1..=10 {
            let mut running = match function.take() {
                Some(running) => running,
                None => Function::start(&self.binary, &self.environment).await.unwrap(),
            };
            let records: Vec<Value> = waiting
                .iter()
                .map(|(id, body)| json!({"messageId": id, "body": body}))
                .collect();
            let batch = Bytes::from(json!({"Records": records}).to_string());
            let killed = async {
                if matches!(fault, Some((_, Fault::Hangs))) {
                    self.proxy.reached().await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            let answer = tokio::select! {
                answer = running.invoke(batch) => answer.unwrap(),
                () = killed => Answer::Died,
            };
            match answer {
                Answer::Response(response) => {
                    let failed: Vec<&str> = response["batchItemFailures"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|item| item["itemIdentifier"].as_str().unwrap())
                        .collect();
                    waiting.retain(|(id, _)| failed.contains(&id.as_str()));
                    function = Some(running);
                }
                Answer::Error(_) => function = Some(running),
                Answer::Died => {
                    running.kill().await.unwrap();
                    // The fault has happened; later deliveries are undisturbed.
                    self.proxy.place(None);
                }
            }
            if waiting.is_empty() {
                return deliveries;
            }
        }
        panic!(
            "{} messages still fail after 10 deliveries, fault {fault:?}",
            waiting.len()
        );
    }
}
