//! Describing calls of many services by one narrow trait: REST-JSON (GET with path and query), JSON 1.1 (POST with a
//! target and a body) and REST-XML (GET). An answer is handed back as text; the caller reads it.
//!
//! Service ids, targets and paths are those of the service models in botocore.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clock::Clock;
use model::call_failure::CallFailure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::budget::RateLimiter;

/// A service that is asked by [`DescribeApi`].
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DescribeService {
    /// Its name in signatures and in its own address: `secretsmanager`.
    pub name: &'static str,
    /// Its id in the SDK's settings of endpoints: `AWS_ENDPOINT_URL_<ID>`, or `endpoint_url` of the profile.
    pub id: &'static str,
    /// What stands before the name of the call in the target of JSON 1.1; empty for a service with paths.
    pub target: &'static str,
    /// Whether it has one address for all regions of a partition.
    pub is_global: bool,
    /// The most calls a second, of all that ask it.
    pub calls_per_second: u32,
}

/// The most calls a second to one service; AWS allows more, and others ask it too.
const PACE: u32 = 3;

macro_rules! services {
    ($(
        $(#[$doc:meta])*
        $service:ident: $name:literal, $id:literal, $target:literal, $is_global:literal, $pace:expr;
    )*) => {
        $(
            $(#[$doc])*
            pub static $service: DescribeService = DescribeService {
                name: $name, id: $id, target: $target, is_global: $is_global, calls_per_second: $pace,
            };
        )*
    };
}

services! {
    /// Lambda.
    LAMBDA: "lambda", "Lambda", "", false, PACE;
    /// API Gateway, REST APIs.
    REST_APIS: "apigateway", "API Gateway", "", false, PACE;
    /// API Gateway, HTTP and WebSocket APIs.
    HTTP_APIS: "apigateway", "ApiGatewayV2", "", false, PACE;
    /// EventBridge.
    EVENTS: "events", "EventBridge", "AWSEvents", false, PACE;
    /// EventBridge Scheduler.
    SCHEDULER: "scheduler", "Scheduler", "", false, PACE;
    /// Certificate Manager.
    CERTIFICATES: "acm", "ACM", "CertificateManager", false, PACE;
    /// CloudWatch Logs.
    LOG_GROUPS: "logs", "CloudWatch Logs", "Logs_20140328", false, PACE;
    /// Secrets Manager.
    SECRETS: "secretsmanager", "Secrets Manager", "secretsmanager", false, PACE;
    /// Route 53.
    DNS: "route53", "Route 53", "", true, PACE;
    /// CloudTrail, which allows two calls a second.
    TRAIL: "cloudtrail", "CloudTrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", false, 2;
}

/// One describing call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DescribeCall {
    /// The service.
    pub service: &'static DescribeService,
    /// The call, as in an IAM policy: `lambda:ListFunctions`. API Gateway has one for all: `apigateway:GET`.
    pub action: &'static str,
    /// What it is asked about, for people.
    pub resource: String,
    /// What is sent.
    pub request: DescribeRequest,
}

/// What a describing call sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DescribeRequest {
    /// GET.
    Get {
        /// The path; names in it are encoded ([`in_path`]).
        path: String,
        /// Names and values of the query, not encoded.
        query: Vec<(&'static str, String)>,
    },
    /// POST of JSON, with a target that names the call.
    Post(String),
}

impl DescribeCall {
    /// A GET.
    pub fn get(service: &'static DescribeService, action: &'static str, path: String, resource: &str) -> Self {
        Self { service, action, resource: resource.to_owned(), request: DescribeRequest::Get { path, query: vec![] } }
    }

    /// The same with a value in the query; without one if there is none.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        if let (DescribeRequest::Get { query, .. }, Some(value)) = (&mut self.request, value) {
            query.push((name, value.into()));
        }
        self
    }

    /// A POST of JSON.
    pub fn post(
        service: &'static DescribeService,
        action: &'static str,
        body: &serde_json::Value,
        resource: &str,
    ) -> Self {
        Self { service, action, resource: resource.to_owned(), request: DescribeRequest::Post(body.to_string()) }
    }

    /// The operation that a target names.
    pub fn operation(&self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(_, operation)| operation)
    }
}

/// The name of nothing, to ask about what must be named: AWS refuses a call that is not allowed before it looks for it.
const ABSENT: &str = "monitor-check-live";

/// A cheap call of an action, to see whether it is allowed; [`FailureKind::NotFound`](model::call_failure::FailureKind)
/// is an answer too. `None` for an action that is not asked by [`DescribeApi`].
pub fn probe(action: &str) -> Option<DescribeCall> {
    use serde_json::json;
    let get = |service, action, path: &str| DescribeCall::get(service, action, path.to_owned(), "the account");
    let post = |service, action, body| DescribeCall::post(service, action, &body, "the account");
    let of_function =
        |action, version: &str, part: &str| get(&LAMBDA, action, &format!("/{version}/functions/{ABSENT}/{part}"));
    Some(match action {
        "lambda:ListEventSourceMappings" => {
            get(&LAMBDA, "lambda:ListEventSourceMappings", "/2015-03-31/event-source-mappings")
        }
        "lambda:ListAliases" => of_function("lambda:ListAliases", "2015-03-31", "aliases"),
        "lambda:GetPolicy" => of_function("lambda:GetPolicy", "2015-03-31", "policy"),
        "lambda:ListFunctionUrlConfigs" => of_function("lambda:ListFunctionUrlConfigs", "2021-10-31", "urls"),
        "lambda:GetFunctionConcurrency" => of_function("lambda:GetFunctionConcurrency", "2019-09-30", "concurrency"),
        "apigateway:GET" => get(&REST_APIS, "apigateway:GET", "/restapis").with("limit", Some("1")),
        "events:ListEventBuses" => post(&EVENTS, "events:ListEventBuses", json!({"Limit": 1})),
        "events:ListRules" => post(&EVENTS, "events:ListRules", json!({"Limit": 1})),
        "events:ListTargetsByRule" => post(&EVENTS, "events:ListTargetsByRule", json!({"Rule": ABSENT})),
        "scheduler:ListSchedules" => {
            get(&SCHEDULER, "scheduler:ListSchedules", "/schedules").with("MaxResults", Some("1"))
        }
        "scheduler:GetSchedule" => get(&SCHEDULER, "scheduler:GetSchedule", &format!("/schedules/{ABSENT}")),
        "acm:ListCertificates" => post(&CERTIFICATES, "acm:ListCertificates", json!({"MaxItems": 1})),
        "secretsmanager:ListSecrets" => post(&SECRETS, "secretsmanager:ListSecrets", json!({"MaxResults": 1})),
        "route53:ListHostedZones" => {
            get(&DNS, "route53:ListHostedZones", "/2013-04-01/hostedzone").with("maxitems", Some("1"))
        }
        "route53:ListResourceRecordSets" => {
            get(&DNS, "route53:ListResourceRecordSets", "/2013-04-01/hostedzone/Z00000000000000000000/rrset")
        }
        "cloudtrail:LookupEvents" => post(&TRAIL, "cloudtrail:LookupEvents", json!({"MaxResults": 1})),
        _ => return None,
    })
}

/// A name as one part of a path: everything is encoded that means something in an address.
pub fn in_path(name: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(name, KEPT).to_string()
}

/// Services that describe what they have.
#[async_trait]
pub trait DescribeApi: Send + Sync {
    /// The answer to a call, as text. A throttled call is not tried again: the caller does that.
    async fn ask(&self, call: &DescribeCall) -> Result<String, CallFailure>;
}

/// How fast each service is asked: all sources of an account share it.
pub struct DescribePace {
    /// `None` for an account that is not real.
    clock: Option<Arc<dyn Clock>>,
    limits: Mutex<BTreeMap<&'static str, Arc<RateLimiter>>>,
}

impl DescribePace {
    /// The pace of a real account.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), limits: Mutex::default() }
    }

    /// As many calls as are wanted.
    pub fn unbounded() -> Self {
        Self { clock: None, limits: Mutex::default() }
    }

    /// The limit of a service.
    pub fn of(&self, service: &'static DescribeService) -> Arc<RateLimiter> {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = || match &self.clock {
            Some(clock) => Arc::new(RateLimiter::new(service.calls_per_second, Arc::clone(clock))),
            None => Arc::new(RateLimiter::unbounded()),
        };
        Arc::clone(limits.entry(service.name).or_insert_with(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_path_is_one_part_of_it_whatever_it_is_called() {
        for (name, encoded) in [
            ("shop-1_a.b", "shop-1_a.b"),
            ("*.example.com", "%2A.example.com"),
            ("$default", "%24default"),
            ("a/b c?d#e", "a%2Fb%20c%3Fd%23e"),
            ("가", "%EA%B0%80"),
        ] {
            assert_eq!(in_path(name), encoded);
        }
        let call = DescribeCall::get(&LAMBDA, "lambda:GetPolicy", "/x".into(), "shop");
        let call = call.with("Marker", None::<String>).with("Qualifier", Some("live"));
        assert_eq!(call.operation(), "GetPolicy");
        let query = vec![("Qualifier", "live".to_owned())];
        assert_eq!(call.request, DescribeRequest::Get { path: "/x".into(), query });
    }

    #[test]
    fn both_halves_of_api_gateway_share_one_pace() {
        let clock = clock::SimulatedClock::starting_at("2024-12-20T12:00:00Z".parse().unwrap());
        let pace = DescribePace::new(Arc::new(clock));
        assert!(Arc::ptr_eq(&pace.of(&REST_APIS), &pace.of(&HTTP_APIS)));
        assert_eq!(pace.of(&LAMBDA).calls_per_second(), Some(3));
        assert_eq!(pace.of(&TRAIL).calls_per_second(), Some(2));
        assert_eq!(DescribePace::unbounded().of(&LAMBDA).calls_per_second(), None);
    }
}
