//! Whose account is asked, and where.

use aws::settings::AwsSettings;

/// Whose account is asked, and where.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Place {
    /// The Region [default: the one that the name leads to, or that of the configuration, of the profile, or AWS_REGION]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// The profile of the shared AWS configuration files [default: that of the configuration, or AWS_PROFILE]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
}

impl Place {
    /// The account of the configuration, as far as the command line says nothing else.
    pub(super) fn settings(&self, configured: Option<AwsSettings>, region: Option<&str>) -> AwsSettings {
        let mut aws = configured.unwrap_or_default();
        aws.region = self.region.clone().or_else(|| region.map(str::to_owned)).or(aws.region);
        aws.profile = self.profile.clone().or(aws.profile);
        aws
    }
}
