//! Two objects of the lake's bucket: the list of members, and what is remembered.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use pipetrail_names::chain;
use thiserror::Error;

/// S3 does not answer as it should.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot read s3://{bucket}/{key}: {cause}")]
    Read { bucket: String, key: String, cause: String },
    #[error("cannot write s3://{bucket}/{key}: {cause}")]
    Write { bucket: String, key: String, cause: String },
    #[error("another run wrote s3://{bucket}/{key} meanwhile")]
    Overtaken { bucket: String, key: String },
}

/// An object as it was read.
pub(crate) struct Found {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
}

/// A bucket.
pub(crate) struct Store<'a> {
    pub(crate) s3: &'a aws_sdk_s3::Client,
    pub(crate) bucket: &'a str,
}

impl Store<'_> {
    /// # Errors
    /// A refused call; an object that is not there is none.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Found>, StoreError> {
        let failed = |cause: String| StoreError::Read {
            bucket: self.bucket.to_owned(),
            key: key.to_owned(),
            cause,
        };
        let found = match self.s3.get_object().bucket(self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(failed(chain(&error))),
        };
        let etag = found.e_tag().map(str::to_owned);
        let bytes = found.body.collect().await.map_err(|error| failed(chain(&error)))?;
        Ok(Some(Found {
            bytes: bytes.to_vec(),
            etag,
        }))
    }

    /// Writes an object in the place of the one that was read, or where there was none.
    ///
    /// # Errors
    /// A refused call, or somebody else has written it since.
    pub(crate) async fn write(&self, key: &str, bytes: Vec<u8>, read: Option<&str>) -> Result<(), StoreError> {
        let put = self.s3.put_object().bucket(self.bucket).key(key);
        let put = match read {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        let put = put.content_type("application/json").body(ByteStream::from(bytes));
        let (bucket, key) = (self.bucket.to_owned(), key.to_owned());
        match put.send().await {
            Ok(_) => Ok(()),
            // 409 where another write is under way.
            Err(error) if matches!(status(&error), Some(409 | 412)) => Err(StoreError::Overtaken { bucket, key }),
            Err(error) => Err(StoreError::Write {
                bucket,
                key,
                cause: chain(&error),
            }),
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
