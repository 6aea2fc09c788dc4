//! The kinds of resources that the map knows.

use serde::{Deserialize, Serialize};

/// Makes the enum and its words from one table, so that a kind without a word does not compile.
macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident: $configured:literal, $word:literal, $title:literal, $service:literal, $whole:expr;
    )*) => {
        /// The kinds of resources that the map knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum MapKind {
            $($(#[$doc])* $kind,)*
        }

        impl MapKind {
            /// Each kind with its word in the configuration, in the order in which they are read.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($configured, Self::$kind)),*];

            /// Its name for one resource, in JSON and in subjects.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word),* }
            }

            /// One of them, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title),* }
            }

            /// The service that is called to change it, as CloudTrail names it.
            pub fn service(self) -> &'static str {
                match self { $(Self::$kind => $service),* }
            }

            /// The kind of what it is a part of: a stage is a part of an API.
            pub fn whole(self) -> Option<Self> {
                match self { $(Self::$kind => $whole),* }
            }
        }
    };
}

impl MapKind {
    /// Whether it is the account's, and not a region's.
    pub fn is_global(self) -> bool {
        matches!(self, Self::DnsZone | Self::DnsRecord)
    }
}

kinds! {
    /// Secrets of Secrets Manager, without their values.
    Secret: "secrets", "secret", "secret", "secretsmanager.amazonaws.com", None;
    /// Lambda functions.
    Function: "functions", "function", "function", "lambda.amazonaws.com", None;
    /// Log groups of CloudWatch Logs.
    LogGroup: "log_groups", "log_group", "log group", "logs.amazonaws.com", None;
    /// REST APIs of API Gateway.
    RestApi: "rest_apis", "rest_api", "REST API", "apigateway.amazonaws.com", None;
    /// Stages of REST APIs, with the deployment that each one serves.
    RestStage: "rest_stages", "rest_stage", "stage", "apigateway.amazonaws.com", Some(Self::RestApi);
    /// HTTP and WebSocket APIs of API Gateway.
    HttpApi: "http_apis", "http_api", "HTTP API", "apigateway.amazonaws.com", None;
    /// Stages of HTTP and WebSocket APIs.
    HttpStage: "http_stages", "http_stage", "stage", "apigateway.amazonaws.com", Some(Self::HttpApi);
    /// Domain names of API Gateway.
    DomainName: "domain_names", "domain_name", "domain name", "apigateway.amazonaws.com", None;
    /// What a domain name maps its paths to.
    DomainMapping: "domain_mappings", "domain_mapping", "mapping", "apigateway.amazonaws.com", Some(Self::DomainName);
    /// Rules of EventBridge.
    EventRule: "event_rules", "event_rule", "rule", "events.amazonaws.com", None;
    /// What Lambda reads for functions: queues, streams, topics.
    EventSourceMapping: "event_source_mappings", "event_source_mapping", "event source mapping",
        "lambda.amazonaws.com", None;
    /// Certificates of Certificate Manager.
    Certificate: "certificates", "certificate", "certificate", "acm.amazonaws.com", None;
    /// Zones of Route 53.
    DnsZone: "dns_zones", "dns_zone", "zone", "route53.amazonaws.com", None;
    /// What the account allows Lambda in the region.
    LambdaLimit: "lambda_limits", "lambda_limit", "Lambda limit", "lambda.amazonaws.com", None;
    /// Methods of REST APIs, with what each one calls.
    RestIntegration: "rest_integrations", "rest_integration", "integration",
        "apigateway.amazonaws.com", Some(Self::RestApi);
    /// Routes of HTTP and WebSocket APIs.
    HttpRoute: "http_routes", "http_route", "route", "apigateway.amazonaws.com", Some(Self::HttpApi);
    /// What routes of HTTP and WebSocket APIs call.
    HttpIntegration: "http_integrations", "http_integration", "integration",
        "apigateway.amazonaws.com", Some(Self::HttpApi);
    /// What rules of EventBridge call.
    RuleTarget: "rule_targets", "rule_target", "target", "events.amazonaws.com", Some(Self::EventRule);
    /// Schedules of EventBridge Scheduler, with what each one calls.
    Schedule: "schedules", "schedule", "schedule", "scheduler.amazonaws.com", None;
    /// Records of Route 53 that point to something.
    DnsRecord: "dns_records", "dns_record", "record", "route53.amazonaws.com", Some(Self::DnsZone);
    /// Who may call a function, by its own policy.
    FunctionPolicy: "function_policies", "function_policy", "function policy",
        "lambda.amazonaws.com", Some(Self::Function);
    /// URLs of functions.
    FunctionUrl: "function_urls", "function_url", "function URL", "lambda.amazonaws.com", Some(Self::Function);
    /// Aliases of functions.
    FunctionAlias: "function_aliases", "function_alias", "alias", "lambda.amazonaws.com", Some(Self::Function);
    /// Reserved and provisioned concurrency of functions.
    FunctionConcurrency: "function_concurrency", "function_concurrency", "concurrency",
        "lambda.amazonaws.com", Some(Self::Function);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_word_of_a_kind_is_the_one_that_json_has_and_a_whole_is_read_before_its_parts() {
        let words: BTreeSet<&str> = MapKind::ALL.iter().map(|(_, kind)| kind.word()).collect();
        assert_eq!(words.len(), MapKind::ALL.len());
        for (_, kind) in MapKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("{:?}", kind.word()));
            assert!(kind.whole().is_none_or(|whole| whole < *kind), "{kind:?}");
        }
    }
}
