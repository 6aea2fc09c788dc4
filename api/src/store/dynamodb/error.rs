//! Errors of DynamoDB and of the connection, as [`StoreError`].

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// The name of the store in messages.
pub(super) const STORE: &str = "DynamoDB";

/// Throttling codes (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>), also
/// those of one item of a cancelled transaction.
const THROTTLING: [&str; 6] = [
    "LimitExceededException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
];

/// Whether a code means throttling.
pub(super) fn is_throttling(code: &str) -> bool {
    THROTTLING.contains(&code)
}

/// The error of a call that failed after the SDK's retries.
pub(super) fn failed<E, R>(table: &str, error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let reason = match error {
        SdkError::ServiceError(refusal) => {
            let code = refusal.err().code().unwrap_or("an error without a code");
            let message = refusal.err().message().unwrap_or("no message");
            let reason = format!("{code} for table {table}: {message}");
            if is_throttling(code) {
                return StoreError::Throttled { store: STORE, reason };
            }
            reason
        }
        _ => {
            let mut reason = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                reason += &format!(": {error}");
                cause = error.source();
            }
            reason
        }
    };
    unavailable(reason)
}

/// DynamoDB cannot be used.
pub(super) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { store: STORE, reason: reason.into() }
}

/// The data is too large.
pub(super) fn full(reason: impl Into<String>) -> StoreError {
    StoreError::Full { store: STORE, reason: reason.into() }
}
