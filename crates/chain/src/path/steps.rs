//! What steps of a path lead to.

use account::map::MapResource;

/// What kind of API it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiProtocol {
    /// A REST API (version 1).
    Rest,
    /// An HTTP API (version 2).
    Http,
    /// A WebSocket API (version 2).
    WebSocket,
}

impl ApiProtocol {
    /// Its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rest => "REST API",
            Self::Http => "HTTP API",
            Self::WebSocket => "WebSocket API",
        }
    }

    /// The longest that its integrations may take, milliseconds, unless it was raised.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
    pub fn longest_ms(self) -> u64 {
        match self {
            Self::Rest | Self::WebSocket => 29_000,
            Self::Http => 30_000,
        }
    }
}

/// The API of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathApi {
    /// What kind it is.
    pub protocol: ApiProtocol,
    /// It, as the map has it.
    pub resource: MapResource,
}

/// A function that a path leads to, whether or not it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTarget {
    /// Its name.
    pub name: String,
    /// The version or alias that is called.
    pub qualifier: Option<String>,
    /// The ARN as the integration has it, where there is one.
    pub arn: Option<String>,
}

impl PathTarget {
    /// The function with its qualifier, as the policy of it is kept: `shop:live`.
    pub fn qualified(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.name),
            None => self.name.clone(),
        }
    }

    /// The account that the ARN names.
    pub fn account(&self) -> Option<&str> {
        self.arn.as_deref()?.split(':').nth(4).filter(|account| !account.is_empty())
    }
}
