//! What an answer of API Gateway or of a function URL says of the link that is broken: without credentials it is all
//! that is known, with them it is further evidence.
//!
//! The texts: <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>

use std::time::Duration;

use crate::grant::gateway_may_call;
use crate::hop::{Hop, HopState};
use crate::link::Link;
use crate::path::ApiProtocol;
use crate::seen::ChainSeen;
use crate::seen::outside::ResponseSeen;
use crate::start::ChainStart;

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symptom {
    /// The link that it accuses.
    pub(crate) link: Link,
    /// What is wrong, one sentence.
    pub(crate) summary: &'static str,
    /// What to do.
    pub(crate) next: &'static str,
    /// The answer, in one line.
    pub(crate) evidence: String,
}

/// How an answer of the gateway looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    MissingToken,
    Forbidden,
    UrlForbidden,
    NotAuthorized,
    AuthorizerFailed,
    Filtered,
    NotFound,
    Failed,
    BadAnswer,
    TimedOut,
    Unavailable,
    ServerError,
    Throttled,
    Silent,
}

/// What an answer takes at least that says that a gateway waited in vain.
const SHORTEST_WAIT: Duration = Duration::from_secs(20);

/// The answer that the chain gave: the last one that came, as redirects lead on.
pub(crate) fn answer(seen: &ChainSeen) -> Option<&ResponseSeen> {
    seen.outside.as_ref()?.https.last()
}

/// Whether it answers as it should: any status below 400, or one that its own code gave.
pub(crate) fn works(seen: &ChainSeen) -> bool {
    answer(seen).and_then(|answer| answer.status).is_some_and(|status| status < 400)
}

/// Whether it answers with an error of a server, or with none at all.
pub(crate) fn fails(seen: &ChainSeen) -> bool {
    answer(seen).is_some_and(|answer| answer.status.is_none_or(|status| status >= 500))
}

/// Whether the last answer is that of another page than the one that was asked for.
fn is_redirected(seen: &ChainSeen) -> bool {
    seen.outside.as_ref().is_some_and(|outside| outside.https.len() > 1)
}

/// An answer in one line.
pub(crate) fn line(answer: &ResponseSeen) -> String {
    let problem = || answer.problem.clone().unwrap_or_else(|| "no answer".to_owned());
    let status = answer.status.map_or_else(problem, |status| format!("HTTP {status}"));
    let error =
        answer.header("x-amzn-errortype").map(|error| format!(", x-amzn-errortype {error}")).unwrap_or_default();
    let start: String = answer.body_start.chars().take(120).collect();
    let body = if start.trim().is_empty() { String::new() } else { format!(": {}", start.trim()) };
    format!("GET {}: {status}{error}{body}", answer.url)
}

fn look(answer: &ResponseSeen) -> Option<Look> {
    let Some(status) = answer.status else {
        let late = answer.problem.as_deref().is_some_and(|why| why.starts_with("no answer within"));
        return late.then_some(Look::Silent);
    };
    let error = answer.header("x-amzn-errortype").unwrap_or_default();
    let error = error.split(':').next().unwrap_or_default();
    let body = answer.body_start.to_lowercase();
    let of_gateway = ["apigw-requestid", "x-amz-apigw-id", "x-amzn-errortype", "x-amzn-requestid"]
        .iter()
        .any(|name| answer.header(name).is_some());
    let says = |text: &str| body.contains(text);
    // An answer with such a body comes from the gateway, also where its headers were not kept.
    let is_short = body.trim_start().starts_with("{\"message\"") && body.len() < 200;
    Some(match status {
        403 if error == "MissingAuthenticationTokenException" || says("missing authentication token") => {
            Look::MissingToken
        }
        403 if says("function url authorization issues") => Look::UrlForbidden,
        403 if error == "AccessDeniedException" && says("lambda:invokefunction") => Look::UrlForbidden,
        // Only the gateway of an API has authorizers and web ACLs.
        500 if error.starts_with("Authorizer") => Look::AuthorizerFailed,
        403 if error.starts_with("Waf") => Look::Filtered,
        403 if says("execute-api:invoke") || error == "AccessDeniedException" => Look::NotAuthorized,
        403 if error == "ForbiddenException" || (is_short && says("\"forbidden\"")) => Look::Forbidden,
        404 if is_short && says("\"not found\"") => Look::NotFound,
        429 if of_gateway || is_short => Look::Throttled,
        500 if is_short && says("internal server error") => Look::Failed,
        502 if error == "InternalServerErrorException" || is_short || (of_gateway && says("internal server error")) => {
            Look::BadAnswer
        }
        // An HTTP API answers so when its time is up; what answers so at once did not wait.
        503 if is_short && says("service unavailable") && answer.ttfb.is_some_and(|ttfb| ttfb < SHORTEST_WAIT) => {
            Look::Unavailable
        }
        503 if is_short && says("service unavailable") => Look::TimedOut,
        504 if of_gateway || is_short => Look::TimedOut,
        // A proxy's own errors are told by its link.
        520..=530 if answer.header("cf-ray").is_some() => return None,
        500.. => Look::ServerError,
        _ => return None,
    })
}

/// The link that the answer accuses, with what the account says of the links before it.
pub(crate) fn accused(seen: &ChainSeen) -> Option<Symptom> {
    let answer = answer(seen)?;
    let look = look(answer)?;
    let start = match (&seen.inside, &seen.host) {
        (Some(inside), _) => inside.path.start.clone(),
        (None, Some(host)) => ChainStart::of(host),
        (None, None) => return None,
    };
    let path = seen.inside.as_ref().map(|inside| &inside.path);
    let has_stage = path.is_some_and(|path| path.stage.found().is_some());
    let has_mapping = path.is_some_and(|path| path.mapping.found().is_some());
    let has_mappings = path.is_some_and(|path| path.mappings.found().is_some_and(|mappings| !mappings.is_empty()));
    let has_route = path.is_some_and(|path| path.route.found().is_some());
    let by_domain = matches!(start, ChainStart::Domain(_));
    let is_url = matches!(start, ChainStart::FunctionUrl { .. });
    let (link, summary, next) = match look {
        look if look == Look::UrlForbidden || (is_url && matches!(look, Look::NotAuthorized | Look::Forbidden)) => (
            Link::UrlPermission,
            "the function URL refuses everyone: a permission for it is missing",
            "allow both lambda:InvokeFunctionUrl and lambda:InvokeFunction (with the condition \
             lambda:InvokedViaFunctionUrl) to `*` in the policy of the function, or sign the requests if the URL asks \
             for AWS_IAM",
        ),
        Look::MissingToken if has_route => (
            Link::Policy,
            "the gateway asks for a signed request: the route wants AWS_IAM, or its deployment is older than the route",
            "set the authorization of the method to NONE, or sign the request, and deploy the API",
        ),
        Look::MissingToken => (
            Link::Route,
            "the API has no such path or method in this deployment: the stage stands twice in the path, the route is \
             not deployed, or `/` has no method",
            "ask a path that the API has, without the stage behind a custom domain name, and deploy the API",
        ),
        Look::NotFound => (
            Link::Route,
            "the API has no route for this path and method",
            "add the route, or a `$default` route, and deploy the API",
        ),
        Look::Forbidden if has_mappings && !has_mapping => (
            Link::BasePath,
            "the domain name has mappings, and none takes this path",
            "ask a path below one of its mappings, or add one with an empty base path",
        ),
        Look::Forbidden if by_domain && !has_mapping => (
            Link::Mapping,
            "the domain name answers, and no mapping leads from this path to an API",
            "map the domain name to the API and stage: API Gateway > Custom domain names > API mappings, or \
             `aws apigatewayv2 create-api-mapping`",
        ),
        Look::Forbidden if !by_domain && !has_stage => (
            Link::Stage,
            "the API has no such stage, or its default endpoint is turned off",
            "begin the path with the name of a deployed stage",
        ),
        Look::Forbidden => (
            Link::Policy,
            "the gateway refuses the request: the method wants an API key, or a web ACL refuses it",
            "send an API key of a usage plan of this stage, or look into the web ACL of the stage",
        ),
        Look::NotAuthorized | Look::UrlForbidden => (
            Link::Policy,
            "the resource policy or the authorizer of the API refuses the request",
            "allow execute-api:Invoke for this caller in the resource policy, and deploy the API: a changed policy \
             counts only from then on",
        ),
        Look::AuthorizerFailed => (
            Link::Policy,
            "the authorizer of the API fails, or the gateway may not call it",
            "look into the log of the authorizer's function, allow apigateway.amazonaws.com to call it, and deploy the API",
        ),
        Look::Filtered => (
            Link::Policy,
            "a web ACL (AWS WAF) refuses the request",
            "look into the web ACL of the stage: AWS WAF > Web ACLs > Sampled requests names the rule",
        ),
        Look::Failed => match path.map(|path| gateway_may_call(seen, path)) {
            Some(Some(true)) => (
                Link::FunctionError,
                "the gateway answers 500 although it may call the function",
                "look into the log of the gateway's stage (execution logging) and of the function",
            ),
            None => (
                Link::Permission,
                "the gateway answers 500: likely it has no permission to call the function, or the function fails",
                "allow apigateway.amazonaws.com to call this function and qualifier: `aws lambda add-permission` with \
                 the ARN of the API as --source-arn; if it is allowed, look into the log of the function: `monitor tail \
                 FUNCTION`",
            ),
            _ => (
                Link::Permission,
                "the gateway fails before the function runs, as where it has no permission to call it",
                "allow apigateway.amazonaws.com to call this function and qualifier: `aws lambda add-permission` with \
                 the ARN of the API as --source-arn",
            ),
        },
        Look::BadAnswer => (
            Link::FunctionError,
            "the function fails, or answers in a form that the gateway cannot use",
            "look into the log of the function: `monitor tail FUNCTION`",
        ),
        Look::Unavailable => (
            Link::FunctionError,
            "the gateway answers 503 at once: likely the function, or what the API leads to, is not available",
            "look into the log of the gateway's stage, and at the state, concurrency and log of the function",
        ),
        Look::ServerError => (
            Link::FunctionError,
            "the server answers with an error of its own (5xx): likely the function, or the server behind the address, \
             fails",
            "look into the log of what answers: the function (`monitor tail FUNCTION`), the stage of the gateway, or the \
             server behind the address",
        ),
        Look::TimedOut => (
            Link::Timeout,
            "the gateway did not get an answer in its time (29 s for a REST API, 30 s for an HTTP API)",
            "find what the function waits for: `monitor tail FUNCTION`; the function runs on and is billed meanwhile",
        ),
        Look::Silent if is_redirected(seen) => return None,
        Look::Silent => (
            Link::Timeout,
            "the connection is there, and no answer comes: the function hangs, or works longer than this probe waits",
            "find what the function waits for: `monitor tail FUNCTION`; a gateway waits 29 s (HTTP API: 30 s) and answers \
             504 then, while the function runs on and is billed",
        ),
        Look::Throttled => (
            Link::Throttle,
            "the gateway refuses the request for its rate",
            "raise the rate and burst of the stage or usage plan, or ask less",
        ),
    };
    Some(Symptom { link, summary, next, evidence: line(answer) })
}

/// What credentials would add, where there are none.
const WITHOUT: &str = "seen from outside only; with credentials of the account the exact cause is read";

/// A hop of the inside half with what the answer says of it.
pub(crate) fn settled(seen: &ChainSeen, hop: Hop) -> Hop {
    let Some(symptom) = accused(seen).filter(|symptom| symptom.link == hop.link) else { return hop };
    match hop.state {
        HopState::Broken | HopState::Waiting => hop.seen(symptom.evidence),
        HopState::Ok | HopState::Unknown | HopState::NotApplicable => {
            let Hop { link, summary, evidence, took, .. } = hop;
            let mut broken = Hop::broken(link, symptom.summary, symptom.next).seen(symptom.evidence).took(took);
            broken.evidence.extend(evidence);
            match (&seen.inside, summary.is_empty()) {
                (None, _) => broken.seen(WITHOUT),
                (Some(_), false) => broken.seen(summary),
                (Some(_), true) => broken,
            }
        }
    }
}

/// The limit that the gateway waits for a function, for people.
pub(crate) fn limit(protocol: ApiProtocol) -> &'static str {
    match protocol {
        ApiProtocol::Rest | ApiProtocol::WebSocket => "29 s",
        ApiProtocol::Http => "30 s",
    }
}
