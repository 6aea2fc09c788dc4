//! Credentials that are only handed out if they belong to the account that `[aws] account` names. They stand below
//! every client, so no call of any command can be made with those of another account.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as ProvidedCredentials, SharedCredentialsProvider, future,
};
use chrono::{DateTime, Utc};

/// How long the question may take: the SDK waits five seconds for credentials.
const PATIENCE: Duration = Duration::from_secs(4);

/// Who AWS takes the caller for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The id of the account, twelve digits.
    pub account: String,
    /// The ARN of the user or role.
    pub arn: String,
}

/// What an access key says of itself, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its first letters, which say its kind: `AKIA` for a long-term key, `ASIA` for a temporary one.
    pub kind: String,
    /// Whether it comes with a session token.
    pub has_session_token: bool,
    /// When it ends, UTC; `None` for one that does not end, and where that is not known.
    pub expires: Option<DateTime<Utc>>,
}

impl AccessKey {
    pub(super) fn of(credentials: &Credentials) -> Self {
        Self {
            kind: credentials.access_key_id().chars().take(4).collect(),
            has_session_token: credentials.session_token().is_some_and(|token| !token.is_empty()),
            expires: credentials.expiry().map(Into::into),
        }
    }

    /// Whether it is a temporary key without the token that makes it one. AWS then says that the token is invalid.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
    pub fn lacks_token(&self) -> bool {
        self.kind == "ASIA" && !self.has_session_token
    }
}

/// The credentials belong to another account than the one that is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the credentials belong to another account than `account` under [aws] names")]
pub(super) struct OtherAccount {
    /// The account that is configured.
    pub(super) configured: String,
}

/// Credentials of one account.
pub(super) struct PinnedCredentials {
    account: String,
    inner: SharedCredentialsProvider,
    /// Asks with credentials that are not pinned.
    config: SdkConfig,
    /// The key that AWS has said to be of the account.
    known: Mutex<Option<String>>,
}

impl PinnedCredentials {
    pub(super) fn new(account: &str, inner: SharedCredentialsProvider, config: SdkConfig) -> Self {
        Self { account: account.to_owned(), inner, config, known: Mutex::default() }
    }

    async fn checked(&self) -> ProvidedCredentials {
        let credentials = self.inner.provide_credentials().await?;
        let key = credentials.access_key_id().to_owned();
        let is_known = self.known.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(&key);
        if is_known || self.account_of(&credentials).await? == self.account {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
            return Ok(credentials);
        }
        Err(CredentialsError::invalid_configuration(OtherAccount { configured: self.account.clone() }))
    }

    async fn account_of(&self, credentials: &Credentials) -> Result<String, CredentialsError> {
        let limits = TimeoutConfig::builder().connect_timeout(PATIENCE).operation_timeout(PATIENCE).build();
        let config = aws_sdk_sts::config::Builder::from(&self.config)
            .credentials_provider(credentials.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits);
        let asked = aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity().send().await;
        let answer = asked.map_err(CredentialsError::provider_error)?;
        answer.account().map(str::to_owned).ok_or_else(|| CredentialsError::unhandled("the identity has no account"))
    }
}

impl fmt::Debug for PinnedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedCredentials").finish_non_exhaustive()
    }
}

impl ProvideCredentials for PinnedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.checked())
    }
}

/// Where credentials came from, outermost first, as far as the SDK tells.
pub(super) fn origin(credentials: &Credentials) -> Vec<&'static str> {
    use AwsCredentialFeature as Feature;
    let features = credentials.get_property::<Vec<Feature>>().map(Vec::as_slice).unwrap_or_default();
    let word = |feature: &Feature| match feature {
        Feature::CredentialsEnvVars => Some("the environment (AWS_ACCESS_KEY_ID)"),
        Feature::CredentialsProfile
        | Feature::CredentialsProfileSourceProfile
        | Feature::CredentialsProfileNamedProvider => Some(PROFILE),
        Feature::CredentialsSso | Feature::CredentialsProfileSso => Some("SSO"),
        Feature::CredentialsStsAssumeRole => Some("an assumed role"),
        Feature::CredentialsStsAssumeRoleWebId
        | Feature::CredentialsEnvVarsStsWebIdToken
        | Feature::CredentialsProfileStsWebIdToken => Some("a role with a web identity"),
        Feature::CredentialsProcess | Feature::CredentialsProfileProcess => Some("a process"),
        Feature::CredentialsHttp => Some("the role of the container"),
        Feature::CredentialsImds => Some("the role of the instance"),
        Feature::CredentialsLogin | Feature::CredentialsProfileLogin => Some("a login"),
        _ => None,
    };
    let mut words: Vec<&'static str> = Vec::new();
    for word in features.iter().rev().filter_map(word) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The word for a profile of the shared configuration files; the caller adds its name.
pub const PROFILE: &str = "the profile";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_key_without_its_token_is_known_by_its_first_letters() {
        for (key, token, lacks) in [
            ("ASIA0123", None, true),
            ("ASIA0123", Some("t"), false),
            ("AKIA0123", None, false),
            ("ASIA0123", Some(""), true),
        ] {
            let credentials = Credentials::new(key, "b", token.map(str::to_owned), None, "test");
            let key = AccessKey::of(&credentials);
            assert_eq!((key.lacks_token(), key.kind.len()), (lacks, 4), "{key:?}");
        }
    }

    #[test]
    fn where_credentials_came_from_is_said_outermost_first() {
        use AwsCredentialFeature as Feature;
        for (features, expected) in [
            (vec![Feature::CredentialsEnvVars], &["the environment (AWS_ACCESS_KEY_ID)"][..]),
            (vec![Feature::CredentialsSso, Feature::CredentialsProfile], &["the profile", "SSO"]),
            (vec![Feature::CredentialsProfile, Feature::CredentialsStsAssumeRole], &["an assumed role", "the profile"]),
            (vec![Feature::CredentialsImds], &["the role of the instance"]),
            (vec![], &[]),
        ] {
            let mut credentials = Credentials::new("a", "b", None, None, "test");
            credentials.set_property(features);
            assert_eq!(origin(&credentials), expected);
        }
    }
}
