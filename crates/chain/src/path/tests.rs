//! The path through small accounts.

use account::map::MapSnapshot;

use super::*;
use crate::testing::{Account, resource};

/// What a path came to, in one line: each step as `domain=dev.example.one` or `stage=!` (absent), `?` (unknown), `.`
/// (beyond) or `-` (skipped).
fn shown(path: &ChainPath) -> String {
    fn step<T>(step: &PathStep<T>, of: impl Fn(&T) -> String) -> String {
        match step {
            PathStep::Found(found) => of(found),
            PathStep::Absent => "!".to_owned(),
            PathStep::Unknown(_) => "?".to_owned(),
            PathStep::Beyond => ".".to_owned(),
            PathStep::Skipped => "-".to_owned(),
        }
    }
    let id = |one: &MapResource| one.id.clone();
    [
        step(&path.domain, id),
        step(&path.mapping, id),
        step(&path.api, |api| format!("{} {}", api.protocol.title(), api.resource.id)),
        step(&path.stage, id),
        step(&path.route, id),
        step(&path.target, PathTarget::qualified),
        step(&path.function, id),
    ]
    .join(" | ")
}

fn check(account: &Account, start: &str, path: &str, expected: &str) {
    let start = match start.strip_prefix("function ") {
        Some(name) => ChainStart::function(name),
        None => ChainStart::of(start),
    };
    let snapshots: Vec<MapSnapshot> = account.snapshots();
    assert_eq!(shown(&ChainPath::of(start, path, &snapshots)), expected, "{path}");
}

#[test]
fn the_storys_chain_leads_to_its_function() {
    let story = Account::story();
    let whole =
        "dev.example.one | dev.example.one/ | REST API a1 | a1/dev | a1/ANY /{proxy+} | backend-dev | backend-dev";
    check(&story, "dev.example.one", "/todos", whole);
    check(&story, "dev.example.one", "/", &whole.replace("{proxy+}", ""));
    let endpoint = "a1.execute-api.ap-northeast-2.amazonaws.com";
    check(
        &story,
        endpoint,
        "/dev/todos",
        "- | - | REST API a1 | a1/dev | a1/ANY /{proxy+} | backend-dev | backend-dev",
    );
    check(&story, endpoint, "/prod/todos", "- | - | REST API a1 | ! | a1/ANY /{proxy+} | backend-dev | backend-dev");
    check(&story, "function backend-dev:live", "/", "- | - | - | - | - | backend-dev:live | backend-dev");
    check(&story, "other.example.one", "/", "! | . | . | . | . | . | .");
}

#[test]
fn what_is_gone_ends_the_path_and_what_may_not_be_read_leaves_it_unknown() {
    let story = Account::story();
    let gone = |kind| story.clone().without(kind);
    check(&gone(MapKind::DomainMapping), "dev.example.one", "/", "dev.example.one | ! | . | . | . | . | .");
    check(
        &gone(MapKind::RestStage),
        "dev.example.one",
        "/",
        "dev.example.one | dev.example.one/ | REST API a1 | ! | a1/ANY / | backend-dev | backend-dev",
    );
    check(
        &gone(MapKind::Function),
        "dev.example.one",
        "/",
        "dev.example.one | dev.example.one/ | REST API a1 | a1/dev | a1/ANY / | backend-dev | !",
    );
    let denied = |kind| story.clone().denied(kind, "apigateway:GET: not allowed");
    check(&denied(MapKind::DomainMapping), "dev.example.one", "/", "dev.example.one | ? | . | . | . | . | .");
    check(&denied(MapKind::RestApi), "dev.example.one", "/", "dev.example.one | dev.example.one/ | ? | . | . | . | .");
}

#[test]
fn an_http_api_has_a_default_stage_and_a_default_route() {
    let account = Account::default()
        .with(MapKind::HttpApi, resource("h1", &[("protocol", "HTTP")]))
        .with(MapKind::HttpStage, resource("h1/$default", &[]).of("h1"))
        .with(MapKind::HttpStage, resource("h1/beta", &[]).of("h1"))
        .with(MapKind::HttpRoute, resource("h1/$default", &[("integration", "http_integration/h1/i")]).of("h1"))
        .with(MapKind::HttpRoute, resource("h1/GET /a/{x}", &[("integration", "http_integration/h1/gone")]).of("h1"))
        .with(
            MapKind::HttpIntegration,
            resource("h1/i", &[("target", "arn:aws:lambda:eu-west-1:1:function:shop:live")]).of("h1"),
        )
        .with(MapKind::RestApi, resource("other", &[]))
        .with(MapKind::Function, resource("shop", &[]));
    let host = "h1.execute-api.eu-west-1.amazonaws.com";
    check(&account, host, "/x", "- | - | HTTP API h1 | h1/$default | h1/$default | shop:live | shop");
    check(&account, host, "/beta/x", "- | - | HTTP API h1 | h1/beta | h1/$default | shop:live | shop");
    check(&account, host, "/a/7", "- | - | HTTP API h1 | h1/$default | h1/GET /a/{x} | . | .");
    check(&account, "h2.execute-api.eu-west-1.amazonaws.com", "/", "- | - | ! | . | . | . | .");
}

#[test]
fn a_function_url_leads_to_its_function_and_a_wildcard_domain_name_takes_one_label() {
    let account = Account::default()
        .with(
            MapKind::FunctionUrl,
            resource("shop:live", &[("url", "https://x9.lambda-url.eu-west-1.on.aws/")]).of("shop"),
        )
        .with(MapKind::Function, resource("shop", &[]))
        .with(MapKind::DomainName, resource("*.example.one", &[]));
    check(&account, "x9.lambda-url.eu-west-1.on.aws", "/", "- | - | - | - | - | shop:live | shop");
    check(&account, "y9.lambda-url.eu-west-1.on.aws", "/", "- | - | - | - | - | . | .");
    check(&account, "a.example.one", "/", "*.example.one | ? | . | . | . | . | .");
    check(&account, "b.a.example.one", "/", "! | . | . | . | . | . | .");
}
