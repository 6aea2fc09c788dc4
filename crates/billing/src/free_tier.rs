//! The usage of the free tier.

use model::money::read_kept;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What the free tier counts. Both architectures count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreeTierQuantity {
    /// Invocations.
    LambdaRequests,
    /// GB-seconds.
    LambdaGbSeconds,
    /// GB of logs.
    LogIngest,
}

impl FreeTierQuantity {
    /// Each with its word in the configuration.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("lambda_requests", Self::LambdaRequests),
        ("lambda_gb_seconds", Self::LambdaGbSeconds),
        ("log_ingest", Self::LogIngest),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::LambdaRequests => "lambda_requests",
            Self::LambdaGbSeconds => "lambda_gb_seconds",
            Self::LogIngest => "log_ingest",
        }
    }

    /// What one of it is called, in the plural.
    pub fn unit(self) -> &'static str {
        match self {
            Self::LambdaRequests => "invocations",
            Self::LambdaGbSeconds => "GB-seconds",
            Self::LogIngest => "GB of logs",
        }
    }
}

/// How much of the free tier was used in the month so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FreeTierUsage {
    /// Used, of what is counted; a low bound where not everything of the account is watched.
    #[serde(deserialize_with = "read_kept")]
    pub used: Decimal,
    /// Free in a month.
    #[serde(deserialize_with = "read_kept")]
    pub free: Decimal,
}
