//! Faults of pages: proxies, CORS, redirects.

use std::sync::Arc;

use chain::HopState::Broken;
use chain::Link;

use crate::lab::Lab;
use crate::lab::certificates::Valid;
use crate::lab::web::{Page, Web, answer, json, written};

pub(crate) const FAULTS: &[(&str, fn())] = &[
    ("a proxy that does not trust the certificate behind it", || {
        proxy(526, "does not trust the certificate", "Full (strict)");
    }),
    ("a proxy whose handshake fails", || proxy(525, "its TLS handshake with the server behind it fails", "DNS only")),
    ("a proxy that gets an answer it does not understand", || proxy(520, "does not understand", "DNS only")),
    ("a proxy that redirects in a circle", proxy_circle),
    ("a failure of the function that a browser shows as a CORS error", hidden_failure),
    ("a page that fails where `Origin` is sent", failing_origin),
    ("a port that does not speak HTTP", no_http),
    ("a domain name without a mapping", || {
        by_gateway(Link::Mapping, 403, "ForbiddenException", "Forbidden", "map the domain name");
    }),
    ("a path that the API does not have", || {
        by_gateway(
            Link::Route,
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
            "without the stage",
        );
    }),
    ("a gateway without permission", || {
        by_gateway(Link::Permission, 500, "", "Internal server error", "aws lambda add-permission");
    }),
    ("a function that fails", || {
        by_gateway(
            Link::FunctionError,
            502,
            "InternalServerErrorException",
            "Internal server error",
            "log of the function",
        );
    }),
    ("a function that takes longer than its gateway waits", || {
        by_gateway(Link::Timeout, 504, "", "Endpoint request timed out", "what the function waits for");
    }),
    ("a stage that throttles", || {
        by_gateway(Link::Throttle, 429, "TooManyRequestsException", "Too Many Requests", "rate");
    }),
    ("a page that never answers", hanging),
    ("redirects in a circle", circle),
    ("more redirects than anyone follows", long_way),
    ("a redirect to a host that does not exist", dead_end),
    ("a redirect to a host whose certificate has ended", redirect_to_ended),
    ("an authorizer that fails", || {
        gateway_says(500, "AuthorizerConfigurationException", r#"{"message":null}"#, Link::Policy, "authorizer");
    }),
    ("a web ACL that refuses", || {
        gateway_says(403, "WafFilteredException", r#"{"message":"Forbidden"}"#, Link::Policy, "web ACL");
    }),
];

fn gateway(lab: &mut Lab, page: Page) {
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    lab.gateway(Web::tls(certificate, page));
}

fn proxy(status: u16, summary: &str, next: &str) {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 300 A @80"]);
    gateway(&mut lab, answer(status, "server: cloudflare\r\ncf-ray: 8f1-ICN\r\n", "<html>error</html>"));
    lab.expect(Link::Proxy, Broken, summary, next);
}

/// What API Gateway answers says which link is broken, without credentials.
fn by_gateway(link: Link, status: u16, error: &str, message: &str, next: &str) {
    let mut lab = Lab::well();
    let error = if error.is_empty() { String::new() } else { format!("x-amzn-errortype: {error}\r\n") };
    let headers = format!("x-amzn-requestid: 1\r\n{error}");
    gateway(&mut lab, json(status, &headers, &format!("{{\"message\":\"{message}\"}}")));
    lab.expect(link, Broken, "", next);
}

/// The page redirects to itself.
fn to_itself(headers: &'static str) -> Page {
    Arc::new(move |request| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        written(301, &format!("location: https://{host}/\r\n{headers}"), "")
    })
}

fn proxy_circle() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 300 A @80"]);
    gateway(&mut lab, to_itself("server: cloudflare\r\n"));
    lab.expect(Link::Proxy, Broken, "a circle", "`Flexible` to `Full (strict)`");
}

fn hidden_failure() {
    let mut lab = Lab::well();
    gateway(&mut lab, json(599, "x-teapot: 1\r\n", "{\"error\":\"own\"}"));
    lab.expect(Link::FunctionError, Broken, "likely the function", "the log of what answers");
}

fn failing_origin() {
    let mut lab = Lab::well();
    let page: Page = Arc::new(|request| match request.contains("origin: ") {
        true => written(500, "content-type: text/plain\r\n", "no such origin"),
        false => written(200, "content-type: text/plain\r\n", "hello"),
    });
    gateway(&mut lab, page);
    lab.expect(Link::Cors, Broken, "fails for that header", "update-api --cors-configuration");
}

fn no_http() {
    let mut lab = Lab::well();
    gateway(&mut lab, Arc::new(|_| b"220 mail.example.one ESMTP\r\n".to_vec()));
    lab.expect(Link::Connect, Broken, "not HTTP", "what listens");
}

fn hanging() {
    let mut lab = Lab::well();
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    lab.gateway(Web::Hanging(Box::new(certificate)));
    lab.expect(Link::Timeout, Broken, "no answer comes", "what the function waits for");
}

fn circle() {
    let mut lab = Lab::well();
    let page: Page = Arc::new(|request| match request.starts_with("GET /a ") {
        true => written(302, "location: /\r\naccess-control-allow-origin: *\r\n", ""),
        false => written(302, "location: /a\r\naccess-control-allow-origin: *\r\n", ""),
    });
    gateway(&mut lab, page);
    lab.expect(Link::Redirect, Broken, "lead in a circle", "what redirects");
}

fn long_way() {
    let mut lab = Lab::well();
    let page: Page = Arc::new(|request| {
        let number: u32 =
            request.split(' ').nth(1).and_then(|path| path.trim_start_matches('/').parse().ok()).unwrap_or(0);
        written(302, &format!("location: /{}\r\n", number + 1), "")
    });
    gateway(&mut lab, page);
    let seen = lab.expect(Link::Redirect, Broken, "more than 10 redirects", "what redirects");
    assert_eq!(seen.outside.https.len(), 11);
}

fn dead_end() {
    let mut lab = Lab::well();
    gateway(&mut lab, answer(301, "location: https://www.gone.example/\r\n", ""));
    lab.expect(
        Link::Redirect,
        Broken,
        "leads to https://www.gone.example/, which does not answer",
        "Mend https://www.gone.example/",
    );
}

fn redirect_to_ended() {
    let mut lab = Lab::well();
    // On the port that the laboratory has found free, as the request says it.
    let page: Page = Arc::new(|request| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: dev.example.one:")).unwrap_or_default();
        written(301, &format!("location: https://www.example.one:{host}/\r\n"), "")
    });
    gateway(&mut lab, page);
    for at in [51, 52, 53] {
        lab.server(at).zones[0].add("www.example.one 600 A @82");
    }
    let certificate = lab.authority.dated_leaf(&["www.example.one"], Valid(-90, -2));
    lab.web.push((82, Web::tls(certificate, answer(200, "", "ok"))));
    lab.expect(Link::Redirect, Broken, "its certificate has ended", "Mend the certificate there");
}

fn gateway_says(status: u16, error: &str, body: &str, link: Link, summary: &str) {
    let mut lab = Lab::well();
    gateway(&mut lab, json(status, &format!("x-amzn-errortype: {error}\r\n"), body));
    lab.expect(link, Broken, summary, "look into");
}
