//! Where a service is, and what a refusal says; how calls are tried again is tested against a server.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use clock::SimulatedClock;

use super::*;
use model::call_failure::FailureKind;

const RDS: QueryService = QueryService { name: "rds", id: "RDS", version: "2014-10-31", token: "Marker" };

fn query(config: &aws_config::SdkConfig) -> QueryClient {
    let clock = SimulatedClock::starting_at("2024-12-20T12:00:00Z".parse().unwrap());
    QueryClient::new(Arc::new(SignedClient::new(
        config,
        Arc::new(clock),
        Duration::from_secs(1),
        Duration::from_secs(1),
    )))
}

#[test]
fn a_service_is_where_the_settings_say_else_in_its_region() {
    for (endpoint, region, expected) in [
        (None, "ap-northeast-2", "https://rds.ap-northeast-2.amazonaws.com/"),
        (None, "cn-north-1", "https://rds.cn-north-1.amazonaws.com.cn/"),
        (Some("http://127.0.0.1:5002"), "ap-northeast-2", "http://127.0.0.1:5002/"),
    ] {
        let mut config =
            aws_config::SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new(region));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        assert_eq!(query(&config.build()).endpoint(&RDS, region).unwrap().as_str(), expected);
    }
}

#[test]
fn both_forms_of_a_refusal_say_what_to_do() {
    for (status, body, kind, said) in [
        (
            403,
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x is not authorized</Message></Error><RequestId>r</RequestId></ErrorResponse>",
            FailureKind::Denied,
            "AccessDenied: User: x is not authorized",
        ),
        (
            403,
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors><RequestID>r</RequestID></Response>",
            FailureKind::Denied,
            "UnauthorizedOperation: You are not authorized",
        ),
        (
            503,
            "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
            FailureKind::Throttled,
            "RequestLimitExceeded: no message",
        ),
        (502, "<html>Bad gateway</html>", FailureKind::Refused, "unreadable response (HTTP 502)"),
        (403, "", FailureKind::Denied, "unreadable response (HTTP 403)"),
    ] {
        let failure = refusal("rds:DescribeDBInstances", "the databases", status, body);
        assert_eq!((failure.kind, failure.said.as_str()), (kind, said));
    }
    assert!(refusal("rds:DescribeDBInstances", "", 403, "").next_step.contains("allow rds:DescribeDBInstances"));
}
