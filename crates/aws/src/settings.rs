//! `[aws]`: the account and the spending cap.

use std::path::PathBuf;

use model::money::Usd;
use rust_decimal::Decimal;

/// `[aws]`
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// The region of the functions; else the profile's or the environment's.
    pub region: Option<String>,
    /// The other regions that are watched too.
    pub other_regions: Vec<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The id of the only account that may be asked, twelve digits.
    pub account: Option<String>,
    /// A role to assume with the credentials found.
    pub assume_role: Option<String>,
    /// A table of prices of the user's own, over the one of the program.
    pub prices: Option<PathBuf>,
    /// What a month of the monitor's own calls may cost.
    pub max_monthly_usd: Usd,
    /// How many `logs:FilterLogEvents` calls a second all watches may make together.
    pub log_calls_per_second: u32,
}

/// AWS allows five in many regions, and the quota is shared with everybody else who reads logs in the account.
const DEFAULT_LOG_CALLS: u32 = 2;

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            region: None,
            other_regions: vec![],
            profile: None,
            account: None,
            assume_role: None,
            prices: None,
            max_monthly_usd: Usd(Decimal::ONE),
            log_calls_per_second: DEFAULT_LOG_CALLS,
        }
    }
}
