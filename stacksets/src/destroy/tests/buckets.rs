//! Buckets against S3's answers written down beforehand. Shapes are the API's; that S3 gives pages
//! without entries but with markers is documented, not seen.

use super::super::bucket::{Bucket, count};
use super::super::evidence::{self, Kept, Lock};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ObjectLockLegalHoldStatus;
use pipetrail_names::AccountId;

use crate::answers::Answers;
use crate::ids::known;
use crate::journal::Written;
use crate::remedy::Remedy;
use pipetrail_names::chain;

const EMPTY_PAGE: &str = "<ListVersionsResult><IsTruncated>true</IsTruncated>\
    <NextKeyMarker>m</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker></ListVersionsResult>";

const LAST_PAGE: &str = "<ListVersionsResult><IsTruncated>false</IsTruncated>\
    <Version><Key>a</Key><VersionId>v1</VersionId><Size>100</Size></Version>\
    <Version><Key>b</Key><VersionId>null</VersionId><Size>23</Size></Version>\
    <DeleteMarker><Key>b</Key><VersionId>v2</VersionId></DeleteMarker></ListVersionsResult>";

const NO_BUCKET: &str = "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>";

const DELETED: &str = "<DeleteResult></DeleteResult>";

fn owner() -> AccountId {
    known("999988887777")
}

fn bucket<'a>(client: &'a aws_sdk_s3::Client, owner: &'a AccountId) -> Bucket<'a> {
    Bucket {
        client,
        name: "the-bucket",
        owner,
    }
}

#[tokio::test]
async fn an_empty_page_is_not_the_last_one() {
    let server = Answers::new(&[("version-id-marker=1", 200, LAST_PAGE), ("versions", 200, EMPTY_PAGE)]);
    let contents = count(&server.s3(), "the-bucket", &owner(), 10).await.unwrap().unwrap();
    assert_eq!((contents.versions, contents.bytes, contents.more), (3, 123, false));
    assert_eq!(server.count("key-marker=m"), 1);
    assert_eq!(server.count("x-amz-expected-bucket-owner: 999988887777"), 2);
}

#[tokio::test]
async fn counting_ends_somewhere_and_says_so() {
    let server = Answers::new(&[("versions", 200, EMPTY_PAGE)]);
    let contents = count(&server.s3(), "the-bucket", &owner(), 1).await.unwrap().unwrap();
    assert!(contents.more);
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_done() {
    let server = Answers::new(&[
        ("versions", 404, NO_BUCKET),
        ("versions", 404, NO_BUCKET),
        ("DELETE", 404, NO_BUCKET),
    ]);
    let (client, written) = (server.s3(), Written::default());
    assert_eq!(count(&client, "the-bucket", &owner(), 1).await.unwrap(), None);
    bucket(&client, &owner()).empty(&written, &mut |_| {}).await.unwrap();
    bucket(&client, &owner()).remove(&written, &mut |_| {}).await.unwrap();
    assert!(!written.take());
}

#[tokio::test]
async fn versions_and_delete_markers_go_and_an_object_that_s3_refuses_is_tried_again() {
    let slow = "<DeleteResult><Error><Key>b</Key><VersionId>v2</VersionId><Code>SlowDown</Code></Error></DeleteResult>";
    let rest = "<ListVersionsResult><IsTruncated>false</IsTruncated>\
        <DeleteMarker><Key>b</Key><VersionId>v2</VersionId></DeleteMarker></ListVersionsResult>";
    let server = Answers::new(&[
        ("versions", 200, LAST_PAGE),
        ("POST /the-bucket/?delete", 200, slow),
        ("versions", 200, rest),
        ("POST /the-bucket/?delete", 200, DELETED),
    ]);
    let (client, written) = (server.s3(), Written::default());
    bucket(&client, &owner()).empty(&written, &mut |_| {}).await.unwrap();
    assert!(written.take());
    assert_eq!(server.count("<VersionId>v1</VersionId>"), 1);
    assert_eq!(server.count("<Key>b</Key><VersionId>v2</VersionId>"), 2);
    assert_eq!(server.count("bypass"), 0);
}

#[tokio::test]
async fn an_object_that_s3_keeps_refusing_is_an_error_that_says_why() {
    let refused =
        "<DeleteResult><Error><Key>a</Key><VersionId>v1</VersionId><Code>AccessDenied</Code></Error></DeleteResult>";
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(("versions", 200, LAST_PAGE));
        answers.push(("POST", 200, refused));
    }
    let server = Answers::new(&answers);
    let client = server.s3();
    let error = bucket(&client, &owner())
        .empty(&Written::default(), &mut |_| {})
        .await
        .unwrap_err();
    assert_eq!(
        chain(&error),
        "1 object versions of bucket the-bucket could not be deleted, the first one: AccessDenied"
    );
    assert_eq!(error.remedy(), Some(Remedy::GrantPermission));
}

#[tokio::test]
async fn an_error_that_names_no_object_is_not_taken_for_success() {
    let refused = "<DeleteResult><Error><Code>InternalError</Code></Error></DeleteResult>";
    let server = Answers::new(&[
        ("versions", 200, LAST_PAGE),
        ("HEAD /the-bucket/a", 200, ""),
        ("HEAD /the-bucket/b", 200, ""),
        ("POST", 200, refused),
    ]);
    let client = server.s3();
    let emptied = evidence::empty(bucket(&client, &owner()), &Written::default(), &mut |_| {}).await;
    assert!(chain(&emptied.unwrap_err()).ends_with("the first one: InternalError"));
}

#[tokio::test]
async fn a_bucket_that_somebody_wrote_to_meanwhile_is_emptied_again() {
    let full = "<Error><Code>BucketNotEmpty</Code><Message>no</Message></Error>";
    let server = Answers::new(&[
        ("DELETE", 409, full),
        ("versions", 200, LAST_PAGE),
        ("POST", 200, DELETED),
        ("DELETE", 204, ""),
    ]);
    let client = server.s3();
    bucket(&client, &owner())
        .remove(&Written::default(), &mut |_| {})
        .await
        .unwrap();
}

#[test]
fn retention_holds_until_its_date_and_a_legal_hold_until_it_is_lifted() {
    let at = DateTime::from_secs;
    let until = HeadObjectOutput::builder()
        .object_lock_retain_until_date(at(1_000))
        .build();
    assert!(Lock::of(&until).holds(at(999)) && !Lock::of(&until).holds(at(1_000)));
    let held = HeadObjectOutput::builder().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On);
    assert!(Lock::of(&held.build()).holds(at(2_000_000_000)));
    assert!(!Lock::of(&HeadObjectOutput::builder().build()).holds(at(0)));
}

#[test]
fn a_date_that_is_over_is_not_named_as_the_one_to_wait_for() {
    let at = DateTime::from_secs;
    let head = HeadObjectOutput::builder()
        .object_lock_retain_until_date(at(1_000))
        .object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On);
    let lock = Lock::of(&head.build());
    assert_eq!((lock.ahead(at(999)), lock.ahead(at(1_000))), (Some(at(1_000)), None));
    let held = Kept {
        records: 1,
        held: 1,
        ..Kept::default()
    };
    assert_eq!(held.why(), "1 are under legal hold, which somebody has to lift");
}

#[tokio::test]
async fn evidence_that_is_free_goes_and_what_s3_refuses_stays_named() {
    // Without permission to see retention HeadObject shows none, and only S3's refusal tells.
    let refused =
        "<DeleteResult><Error><Key>a</Key><VersionId>v1</VersionId><Code>AccessDenied</Code></Error></DeleteResult>";
    let server = Answers::new(&[
        ("versions", 200, LAST_PAGE),
        ("HEAD /the-bucket/a", 200, ""),
        ("HEAD /the-bucket/b", 404, ""),
        ("POST", 200, refused),
    ]);
    let client = server.s3();
    let kept = evidence::empty(bucket(&client, &owner()), &Written::default(), &mut |_| {})
        .await
        .unwrap();
    let wanted = Kept {
        records: 1,
        bytes: 100,
        refused: 1,
        ..Kept::default()
    };
    assert_eq!(kept, wanted);
    assert!(kept.why().contains("S3 refused to delete 1"));
    assert_eq!(server.count("bypass"), 0);
}
