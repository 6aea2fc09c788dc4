//! The settings of warm-up pings.

use model::money::Percent;
use model::schedule::Schedule;
use model::span::Span;
use monitor_warmup::PingDialect;

/// `[warm.<name>]`
#[derive(Debug, Clone)]
pub struct WarmSettings {
    /// The full name: `warm.backend`.
    pub name: String,
    /// When it is pinged; with `max_cold`, how often it is looked at whether to.
    pub schedule: Schedule,
    /// The function, by name or ARN.
    pub function: String,
    /// Its region, if that is not the main one.
    pub region: Option<String>,
    /// The number of overlapping pings, and so of warm environments.
    pub concurrency: u32,
    /// `every = "auto"`: pings are planned, so that at most this share of calls are cold starts.
    pub max_cold: Option<Percent>,
    /// What the function is called with.
    pub payload: PingPayload,
    /// Each round starts up to this much later, at random.
    pub jitter: Option<Span>,
    /// How much of the account's concurrency the pings may take.
    pub max_share: Percent,
    /// How long an answer is waited for.
    pub give_up: Span,
}

/// What a function is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PingPayload {
    /// What a warm-up library understands.
    Of(PingDialect),
    /// This JSON.
    Json(String),
}

impl PingPayload {
    /// The payload of one of several pings.
    pub(super) fn text(&self, together: u32, place: u32) -> String {
        match self {
            Self::Of(dialect) => dialect.payload(together, place),
            Self::Json(text) => text.clone(),
        }
    }
}

/// The bare name, also from an ARN or with a qualifier.
pub(super) fn function_name(function: &str) -> &str {
    let after_arn = function.rsplit_once(":function:").map_or(function, |(_, name)| name);
    after_arn.split(':').next().unwrap_or(after_arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_bare_name() {
        for name in [
            "backend-dev",
            "backend-dev:live",
            "arn:aws:lambda:ap-northeast-2:111122223333:function:backend-dev",
            "arn:aws:lambda:ap-northeast-2:111122223333:function:backend-dev:3",
        ] {
            assert_eq!(function_name(name), "backend-dev");
        }
    }
}
