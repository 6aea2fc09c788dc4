//! Whose credentials are used.

use std::time::Duration;

use aws::AwsClients;
use aws::settings::AwsSettings;
use chrono::{DateTime, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::redact::printable;

use crate::app::origin_words;
use crate::config;

/// How long AWS may take to say whose credentials they are.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SeenCredentials {
    /// There are none.
    None,
    /// It is not known whether they work, or no whole ones were found: why, and what to do.
    Unclear {
        /// Why.
        why: String,
        /// What to do.
        next_step: String,
    },
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
    let until = tokio::time::Instant::now() + patience;
    let Some(key) = tokio::time::timeout_at(until, account.identity.key()).await.ok().flatten() else {
        // Without a key the SDK makes no call, and says why it has none. It says so once, so it is set up again.
        let why = async { aws::sdk::connect(settings).await.identity.who().await };
        return Err(match tokio::time::timeout_at(until, why).await {
            Ok(Err(failure)) => without_key(&failure, settings),
            _ => without_chain(settings),
        });
    };
    let origin = origin_words(&account.identity.origin().await, settings);
    let from = from(&origin);
    if key.lacks_token() {
        return Err(SeenCredentials::Refused {
            why: format!(
                "the access key{from} is a temporary one (ASIA...) and comes without its session token; AWS will say \
                 that the security token is invalid"
            ),
            next_step: match is_of_a_profile(&origin) {
                true => "add `aws_session_token` to the profile as well, or get new credentials: `aws sso login`",
                false => {
                    "set AWS_SESSION_TOKEN as well, or take the key out and let the default chain find all three; in \
                     Lambda do not hand the two variables of the key on by hand"
                }
            }
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
pub(super) async fn whose(account: &AwsClients, settings: &AwsSettings, key: UsableKey) -> SeenCredentials {
    let UsableKey { origin, expires } = key;
    match tokio::time::timeout(PATIENCE, account.identity.who()).await {
        Ok(Ok(who)) => SeenCredentials::Taken { account: who.account, arn: who.arn, origin, expires },
        Ok(Err(failure)) => of_failure(&failure, &origin, settings),
        Err(_) => SeenCredentials::Unclear {
            why: format!("sts:GetCallerIdentity did not answer within {} seconds", PATIENCE.as_secs()),
            next_step: REACH.to_owned(),
        },
    }
}

/// What to do where nothing answers.
const REACH: &str = "see whether this machine reaches AWS: network, proxy, firewall, the Region, AWS_ENDPOINT_URL; then \
                     run this again";

/// What a failed call says of the credentials. Only a refusal by AWS is one: a fault of the network says nothing of them.
fn of_failure(failure: &CallFailure, origin: &str, settings: &AwsSettings) -> SeenCredentials {
    let unclear = |next_step: &str| SeenCredentials::Unclear {
        why: format!("it is not known whether AWS takes the credentials{}: {}", from(origin), failure.said),
        next_step: next_step.to_owned(),
    };
    match failure.kind {
        FailureKind::NoCredentials => without_key(failure, settings),
        // A proxy may answer 401 or 403 as well, but not with an error code of AWS.
        FailureKind::BadCredentials | FailureKind::Denied if !failure.said.starts_with("unreadable response") => {
            SeenCredentials::Refused {
                why: format!("the credentials{} are of no use: {}", from(origin), failure.said),
                next_step: failure.next_step.clone(),
            }
        }
        FailureKind::Unreachable | FailureKind::NoAnswer => unclear(REACH),
        FailureKind::Throttled | FailureKind::Behind => unclear("wait a minute, and run this again"),
        _ => unclear(
            "run this again in a minute; if it stays, see what answers there: a proxy, or the server of AWS_ENDPOINT_URL",
        ),
    }
}

/// What the SDK says where no place has credentials, as opposed to one that cannot be read; it has no type for that.
const NOTHING_FOUND: [&str; 2] = ["no credentials found in chain", "the credential provider was not enabled"];

/// Why the SDK has no key.
fn without_key(failure: &CallFailure, settings: &AwsSettings) -> SeenCredentials {
    match failure.kind {
        FailureKind::NoCredentials if NOTHING_FOUND.iter().any(|words| failure.said.contains(words)) => {
            without_chain(settings)
        }
        FailureKind::NoCredentials => SeenCredentials::Unclear {
            why: failure.said.clone(),
            next_step: "correct the AWS configuration files (~/.aws/config, ~/.aws/credentials, or those that \
                        AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name), or name another profile"
                .to_owned(),
        },
        _ => of_failure(failure, "", settings),
    }
}

/// No place has credentials: half of a key or a profile without any is said, since it was meant to work.
fn without_chain(settings: &AwsSettings) -> SeenCredentials {
    if let Some((there, missing)) = config::half_aws_key() {
        return SeenCredentials::Unclear {
            why: format!("{there} is set and {missing} is not, so no credentials were found"),
            next_step: format!("set {missing} as well, or take {there} out"),
        };
    }
    let Some(profile) = settings.profile.clone().or_else(config::aws_profile) else { return SeenCredentials::None };
    SeenCredentials::Unclear {
        why: format!(
            "no credentials were found: the profile {} is in no AWS configuration file, or has no credentials",
            printable(&profile)
        ),
        next_step: "see `aws configure list-profiles`, and correct the name (--profile, `profile` under [aws], \
                    AWS_PROFILE); or `aws configure sso` for this profile"
            .to_owned(),
    }
}

/// Whether credentials stand in a profile of the shared files.
fn is_of_a_profile(origin: &str) -> bool {
    origin.contains(aws::PROFILE)
}

fn from(origin: &str) -> String {
    if origin.is_empty() { String::new() } else { format!(" from {origin}") }
}
