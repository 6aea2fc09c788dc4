//! What an incident is about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The subject of a verdict. With the rule's name it identifies an incident, so its text form never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Everything the account is billed for.
    Total,
    /// One AWS service, by the name on the bill.
    Service(String),
    /// One Lambda function, by name.
    Function(String),
    /// One of the monitor's own sources, such as `watch.spend`.
    Source(String),
    /// What AWS knows the monitor by: the credentials that all sources share.
    Credentials,
    /// One of the receivers, by name.
    Receiver(String),
    /// A billed resource, by its kind and id: `rds_instance/test`.
    Resource(String),
    /// One of the quantities that are free up to a limit every month, such as `lambda_requests`.
    FreeTier(String),
    /// An endpoint that is watched, by its URL without the query.
    Endpoint(String),
}

impl Subject {
    /// The bare name, as a reader knows it.
    pub fn name(&self) -> &str {
        match self {
            Self::Total => "the whole account",
            Self::Credentials => "the AWS credentials",
            Self::Service(name)
            | Self::Function(name)
            | Self::Source(name)
            | Self::Receiver(name)
            | Self::Resource(name)
            | Self::FreeTier(name)
            | Self::Endpoint(name) => name,
        }
    }
}

impl fmt::Display for Subject {
    /// The stable spelling used in the store and in JSON: `function:backend-dev`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total => f.write_str("total"),
            Self::Credentials => f.write_str("credentials"),
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Function(name) => write!(f, "function:{name}"),
            Self::Source(name) => write!(f, "source:{name}"),
            Self::Receiver(name) => write!(f, "receiver:{name}"),
            Self::Resource(name) => write!(f, "resource:{name}"),
            Self::FreeTier(name) => write!(f, "free_tier:{name}"),
            Self::Endpoint(name) => write!(f, "endpoint:{name}"),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = ParseSubjectError;

    fn from_str(text: &str) -> Result<Self, ParseSubjectError> {
        match text.split_once(':') {
            None if text == "total" => Ok(Self::Total),
            None if text == "credentials" => Ok(Self::Credentials),
            Some(("service", name)) => Ok(Self::Service(name.to_owned())),
            Some(("function", name)) => Ok(Self::Function(name.to_owned())),
            Some(("source", name)) => Ok(Self::Source(name.to_owned())),
            Some(("receiver", name)) => Ok(Self::Receiver(name.to_owned())),
            Some(("resource", name)) => Ok(Self::Resource(name.to_owned())),
            Some(("free_tier", name)) => Ok(Self::FreeTier(name.to_owned())),
            Some(("endpoint", name)) => Ok(Self::Endpoint(name.to_owned())),
            _ => Err(ParseSubjectError(text.to_owned())),
        }
    }
}

/// A subject in the store that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this version does not know the subject `{0}`")]
pub struct ParseSubjectError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_as_it_was_written() {
        for subject in [
            Subject::Total,
            Subject::Credentials,
            Subject::Service("Amazon Relational Database Service".into()),
            Subject::Function("backend:dev".into()),
            Subject::Source("watch.spend".into()),
            Subject::Receiver("team".into()),
            Subject::Resource("log_group//aws/lambda/a:b".into()),
            Subject::FreeTier("lambda_requests".into()),
            Subject::Endpoint("https://dev.example.one:8443/a".into()),
        ] {
            assert_eq!(subject.to_string().parse::<Subject>().unwrap(), subject);
        }
        assert!("planet:mars".parse::<Subject>().is_err());
    }
}
