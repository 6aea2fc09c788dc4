//! Where a chain starts: a name of one's own, an address that AWS made, or a function.

use crate::target::TargetError;

/// The longest name of a function, characters.
const MAX_FUNCTION: usize = 64;
/// The longest name of a function with its ARN, characters.
const MAX_ARN: usize = 140;

/// Where a chain starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainStart {
    /// A name of one's own.
    Domain(String),
    /// `<id>.execute-api.<region>.amazonaws.com`: the default endpoint of an API.
    DefaultEndpoint {
        /// The API.
        api: String,
        /// Its Region.
        region: String,
    },
    /// `<id>.lambda-url.<region>.on.aws`: the URL of a function.
    FunctionUrl {
        /// The host.
        host: String,
        /// Its Region.
        region: String,
    },
    /// A function, by its name.
    Function {
        /// Its name.
        name: String,
        /// The version or alias that is meant.
        qualifier: Option<String>,
    },
}

/// What a name of AWS points to, as DNS has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsAddress {
    /// `d-<id>.execute-api.<region>.amazonaws.com`: what a regional domain name has.
    Regional(String),
    /// `<id>.execute-api.<region>.amazonaws.com`: an API itself.
    DefaultEndpoint(String),
    /// `<id>.cloudfront.net`: a distribution, as domain names for the edge have it too.
    Edge,
    /// `<id>.lambda-url.<region>.on.aws`: the URL of a function.
    FunctionUrl(String),
    /// `<name>.<region>.elb.amazonaws.com`: a load balancer.
    LoadBalancer,
}

impl AwsAddress {
    /// What a host name is, if AWS made it: lower case, without a dot at its end.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html>
    pub fn of(host: &str) -> Option<Self> {
        let labels: Vec<&str> = host.split('.').collect();
        match labels.as_slice() {
            [id, "execute-api", region, "amazonaws", "com"] | [id, "execute-api", region, "amazonaws", "com", "cn"] => {
                let region = (*region).to_owned();
                Some(if id.starts_with("d-") { Self::Regional(region) } else { Self::DefaultEndpoint(region) })
            }
            [_, "cloudfront", "net"] | [_, "cloudfront", "cn"] => Some(Self::Edge),
            [_, "lambda-url", region, "on", "aws"] => Some(Self::FunctionUrl((*region).to_owned())),
            [.., "elb", "amazonaws", "com"] | [.., "elb", _, "amazonaws", "com"] => Some(Self::LoadBalancer),
            _ => None,
        }
    }

    /// Its Region, where its name says one.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Regional(region) | Self::DefaultEndpoint(region) | Self::FunctionUrl(region) => Some(region),
            Self::Edge | Self::LoadBalancer => None,
        }
    }
}

impl ChainStart {
    /// What a host means: lower case, without a dot at its end.
    pub fn of(host: &str) -> Self {
        let id = host.split('.').next().unwrap_or_default();
        match AwsAddress::of(host) {
            Some(AwsAddress::DefaultEndpoint(region)) => Self::DefaultEndpoint { api: id.to_owned(), region },
            Some(AwsAddress::FunctionUrl(region)) => Self::FunctionUrl { host: host.to_owned(), region },
            _ => Self::Domain(host.to_owned()),
        }
    }

    /// A function by its name, by `name:qualifier`, or by its ARN.
    pub fn function(text: &str) -> Self {
        let short = text.split_once(":function:").map_or(text, |(_, short)| short);
        let (name, qualifier) = match short.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier).filter(|qualifier| !qualifier.is_empty())),
            None => (short, None),
        };
        Self::Function { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) }
    }

    /// The same, where the text can be the name of a function: at most 64 letters, digits, `-` and `_`, and 140
    /// characters with all that an ARN adds
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>).
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn checked_function(text: &str) -> Result<Self, TargetError> {
        let start = Self::function(text);
        let (name, qualifier) = match &start {
            Self::Function { name, qualifier } => (name.as_str(), qualifier.as_deref().unwrap_or_default()),
            _ => ("", ""),
        };
        // The alias is sent beside the name, and has a limit of its own.
        if text.len().saturating_sub(qualifier.len()) > MAX_ARN {
            return Err(TargetError::Function("a name with all of its ARN has at most 140 characters"));
        }
        if name.is_empty() {
            return Err(TargetError::Function(
                "it has no name; write it, such as arn:...:function:NAME, or the name alone",
            ));
        }
        if name.len() > MAX_FUNCTION {
            return Err(TargetError::Function("its name is longer than 64 characters"));
        }
        let is_of = |text: &str, more: &str| text.chars().all(|one| one.is_ascii_alphanumeric() || more.contains(one));
        if !is_of(name, "-_") || !is_of(qualifier, "-_$") {
            return Err(TargetError::Function("its name and alias have letters, digits, `-` and `_` only"));
        }
        Ok(start)
    }

    /// Its Region, where its name says one.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::DefaultEndpoint { region, .. } | Self::FunctionUrl { region, .. } => Some(region),
            Self::Domain(_) | Self::Function { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_where_the_chain_starts() {
        let region = || "eu-west-1".to_owned();
        for (host, expected) in [
            ("dev.example.one", ChainStart::Domain("dev.example.one".into())),
            (
                "a1b2.execute-api.eu-west-1.amazonaws.com",
                ChainStart::DefaultEndpoint { api: "a1b2".into(), region: region() },
            ),
            (
                "x9.lambda-url.eu-west-1.on.aws",
                ChainStart::FunctionUrl { host: "x9.lambda-url.eu-west-1.on.aws".into(), region: region() },
            ),
            ("", ChainStart::Domain(String::new())),
        ] {
            assert_eq!(ChainStart::of(host), expected);
        }
        for (text, name, qualifier) in [
            ("shop", "shop", None),
            ("shop:live", "shop", Some("live")),
            ("shop:", "shop", None),
            ("arn:aws:lambda:eu-west-1:1:function:shop:live", "shop", Some("live")),
        ] {
            let expected = ChainStart::Function { name: name.into(), qualifier: qualifier.map(str::to_owned) };
            assert_eq!(ChainStart::function(text), expected);
        }
    }

    #[test]
    fn what_can_be_no_function_is_refused_with_the_reason() {
        let long = "a".repeat(65);
        let longer = "a".repeat(141);
        for (text, why) in [
            ("arn:aws:lambda:eu-west-1:1:function:", "has no name"),
            ("arn:aws:lambda:eu-west-1:1:function::live", "has no name"),
            (":live", "has no name"),
            (long.as_str(), "longer than 64"),
            (longer.as_str(), "at most 140"),
            ("arn:aws:lambda:eu-west-1:1:function:a b", "letters, digits"),
        ] {
            let error = ChainStart::checked_function(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        for text in ["shop", "shop:live", "shop:$LATEST", "arn:aws:lambda:eu-west-1:1:function:shop:7", &"a".repeat(64)]
        {
            assert_eq!(ChainStart::checked_function(text), Ok(ChainStart::function(text)));
        }
    }

    #[test]
    fn a_name_of_aws_says_what_it_is_and_in_which_region() {
        for (host, expected, region) in [
            (
                "d-x1.execute-api.eu-west-1.amazonaws.com",
                Some(AwsAddress::Regional("eu-west-1".into())),
                Some("eu-west-1"),
            ),
            ("d111.cloudfront.net", Some(AwsAddress::Edge), None),
            ("x.eu-west-1.elb.amazonaws.com", Some(AwsAddress::LoadBalancer), None),
            ("ghs.example.com", None, None),
        ] {
            let found = AwsAddress::of(host);
            assert_eq!(found.as_ref().and_then(AwsAddress::region), region);
            assert_eq!(found, expected);
        }
    }
}
