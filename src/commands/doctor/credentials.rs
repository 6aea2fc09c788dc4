//! Whose credentials are used.

use std::time::Duration;

use aws::AwsClients;
use aws::settings::AwsSettings;
use chrono::{DateTime, Utc};
use model::call_failure::FailureKind;

use crate::app::origin_words;

/// How long AWS may take to say whose credentials they are.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SeenCredentials {
    /// There are none.
    None,
    /// They cannot be used: why, and what to do.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        next_step: String,
    },
    /// AWS takes them.
    Taken {
        /// The account, twelve digits.
        account: String,
        /// Whose they are.
        arn: String,
        /// Where they came from, for people; empty where that is unknown.
        origin: String,
        /// When they end, UTC; `None` where they do not, or where that is unknown.
        expires: Option<DateTime<Utc>>,
    },
}

/// A key that may work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsableKey {
    origin: String,
    expires: Option<DateTime<Utc>>,
}

/// Finds the credentials without a call to AWS, as far as they are not those of a role. An error is what is known of them
/// then: there are none, or they cannot work. `patience` is how long it may take: on a machine that is none of AWS, the
/// SDK looks for its role in vain.
///
/// # Errors
/// If there are none that can work.
pub(super) async fn find(
    account: &AwsClients,
    settings: &AwsSettings,
    now: DateTime<Utc>,
    patience: Duration,
) -> Result<UsableKey, SeenCredentials> {
    let key = tokio::time::timeout(patience, account.identity.key()).await.ok().flatten();
    let key = key.ok_or(SeenCredentials::None)?;
    let origin = origin_words(&account.identity.origin().await, settings);
    let from = from(&origin);
    if key.lacks_token() {
        return Err(SeenCredentials::Refused {
            why: format!(
                "the access key{from} is a temporary one (ASIA...) and comes without its session token, so AWS says \
                 that the security token is invalid"
            ),
            next_step: "set AWS_SESSION_TOKEN as well, or take the key out and let the default chain find all three; \
                        in Lambda do not hand the two variables of the key on by hand"
                .to_owned(),
        });
    }
    if let Some(end) = key.expires.filter(|end| *end <= now) {
        return Err(SeenCredentials::Refused {
            why: format!("the credentials{from} ended at {}", end.format("%Y-%m-%d %H:%M UTC")),
            next_step: "get new ones: `aws sso login`, or assume the role again".to_owned(),
        });
    }
    Ok(UsableKey { origin, expires: key.expires })
}

/// Asks AWS whose the credentials are.
pub(super) async fn whose(account: &AwsClients, key: UsableKey) -> SeenCredentials {
    let UsableKey { origin, expires } = key;
    match tokio::time::timeout(PATIENCE, account.identity.who()).await {
        Ok(Ok(who)) => SeenCredentials::Taken { account: who.account, arn: who.arn, origin, expires },
        Ok(Err(failure)) if failure.kind == FailureKind::NoCredentials => SeenCredentials::None,
        Ok(Err(failure)) => SeenCredentials::Refused {
            why: format!("the credentials{} are of no use: {}", from(&origin), failure.said),
            next_step: failure.next_step,
        },
        Err(_) => SeenCredentials::Refused {
            why: "sts:GetCallerIdentity did not answer".to_owned(),
            next_step: "see whether this machine reaches AWS: proxy, firewall, AWS_ENDPOINT_URL".to_owned(),
        },
    }
}

fn from(origin: &str) -> String {
    if origin.is_empty() { String::new() } else { format!(" from {origin}") }
}
