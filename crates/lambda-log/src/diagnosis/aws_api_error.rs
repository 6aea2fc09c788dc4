//! AWS refused a call for another reason.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "AWS refuses a call";
pub(super) const NEXT_STEP: &str = "Read what the quoted line names: the operation and AWS's own word for what is wrong with it; the request has to change.";
pub(super) const WORDS: &[&str] = &[
    "An error occurred (",
    "ValidationException",
    "AccessControlListNotSupported",
    "ResourceNotFoundException",
    "NoSuchKey",
    "NoSuchBucket",
    "ConditionalCheckFailedException",
    "InvalidParameterException",
    "InvalidParameterValue",
    "ValidationError",
    "ResourceConflictException",
    "ParamValidationError",
    "Parameter validation failed",
    "api error ",
    "\"$fault\"",
    "$metadata",
    "(Service: ",
    "MissingParameter",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "TransactionCanceledException",
    "ResourceInUseException",
    "LimitExceededException",
    "InvalidRequestException",
    "BadRequestException",
    "NotFoundException",
    "botocore.exceptions.",
    "botocore.errorfactory",
    "MultipleValidationErrors",
    "ItemCollectionSizeLimit",
    "MessageRejected",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::AwsApiError, "AWS refused a call that the function made.")
}
