//! The payloads that warm-up libraries understand.

use serde_json::json;

use crate::Ping;

/// A warm-up library that a function may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingDialect {
    /// This program's own, which is also what `lambda-warmer` understands of one ping.
    Monitor,
    /// `lambda-warmer`, for Node and for Python. Told a number, it calls itself so often; several pings are therefore
    /// told as what it sends itself.
    LambdaWarmer,
    /// `serverless-plugin-warmup`, for Node.
    ServerlessPluginWarmup,
    /// Zappa's `keep_warm`, for Python.
    Zappa,
}

impl PingDialect {
    /// All, by name.
    pub const ALL: [(&str, Self); 4] = [
        ("monitor", Self::Monitor),
        ("lambda-warmer", Self::LambdaWarmer),
        ("serverless-plugin-warmup", Self::ServerlessPluginWarmup),
        ("zappa", Self::Zappa),
    ];

    /// The payload of one of `together` pings that are sent at the same moment. A function that holds pings holds one
    /// with a higher `place` longer, where the dialect can say so.
    pub fn payload(self, together: u32, place: u32) -> String {
        match self {
            // Five more are held for 10 ms more.
            Self::Monitor if together > 1 => Ping::of(together.saturating_add(place.saturating_mul(5))).payload(),
            Self::Monitor => Ping::of(1).payload(),
            Self::LambdaWarmer if together > 1 => json!({
                "warmer": true,
                "__WARMER_INVOCATION__": place.saturating_add(2),
                "__WARMER_CONCURRENCY__": together,
                "__WARMER_CORRELATIONID__": "monitor",
            })
            .to_string(),
            Self::LambdaWarmer => json!({ "warmer": true }).to_string(),
            Self::ServerlessPluginWarmup => json!({ "source": "serverless-plugin-warmup" }).to_string(),
            // Zappa calls what the rule's name ends with.
            Self::Zappa => json!({
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "resources": ["arn:aws:events:us-east-1:000000000000:rule/monitor-handler.keep_warm_callback"],
                "detail": {},
            })
            .to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_is_recognised_as_a_ping() {
        for (name, dialect) in PingDialect::ALL {
            for together in [1, 3] {
                assert!(Ping::recognise(&dialect.payload(together, 1)).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn no_library_is_told_to_call_itself() {
        let payload = PingDialect::LambdaWarmer.payload(3, 0);
        assert!(!payload.contains(r#""concurrency""#) && payload.contains(r#""__WARMER_INVOCATION__":2"#), "{payload}");
    }

    #[test]
    fn a_ping_of_a_higher_place_is_held_longer() {
        let hold = |place| Ping::recognise(&PingDialect::Monitor.payload(2, place)).unwrap().hold().as_millis();
        assert_eq!([hold(0), hold(1)], [79, 89]);
    }
}
