//! `cors`: the CORS headers. A browser shows an answer without them as a "CORS error", whatever its status is.

use crate::answers::outside;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::ResponseSeen;

const ALLOW: &str = "access-control-allow-origin";

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::Cors) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let Some(answer) = &outside.https_with_origin else {
        return Hop::unknown(Link::Cors, "no page was asked with `Origin`");
    };
    let line = shown(answer);
    let Some(status) = answer.status else {
        let why = answer.problem.as_deref().unwrap_or("no answer");
        let (what, next_step) = match why.starts_with("no answer within") {
            true => (
                "the page does not answer",
                "Look at the log of the function: the gateway waits 29 s for it (30 s at an HTTP API) and answers 504 then.",
            ),
            false => (
                "what answers is no page",
                "Look at what listens at the address: its answer is not HTTP as it should be.",
            ),
        };
        return Hop::broken(Link::Cors, format!("{what} ({why}), which a browser shows as a CORS error"), next_step)
            .seen(line);
    };
    let allowed = answer.header(ALLOW);
    if status < 400 {
        return match allowed {
            Some(origin) => Hop::ok(Link::Cors).seen(format!("{ALLOW}: {origin}")).took(answer.ttfb),
            None => Hop::not_applicable(Link::Cors).seen("no CORS headers: pages of other origins cannot read it"),
        };
    }
    if allowed.is_some() && status >= 500 {
        return Hop::broken(
            Link::Cors,
            format!("the CORS headers are there, and the answer is {status} ({})", meaning(status)),
            "Look at what answers: the log of the function, of the gateway's stage, or of the server behind the address.",
        )
        .seen(line)
        .took(answer.ttfb);
    }
    if allowed.is_some() {
        return Hop::ok(Link::Cors).seen(line).took(answer.ttfb);
    }
    let refused = outside.https.last().is_some_and(|plain| plain.status.is_some_and(|plain| plain < 400));
    let (summary, next_step) = match refused {
        true => (
            format!("the page answers with `Origin` by {status}, and without it as it should: the origin is refused"),
            "Add the origin to the CORS settings of the API (HTTP API: `aws apigatewayv2 update-api --cors-configuration`), \
             and see what the function does with the header `Origin`."
                .to_owned(),
        ),
        false => (
            format!("a browser shows a CORS error, and in truth the answer is {status} ({})", meaning(status)),
            "Mend that answer first. Then set CORS headers on errors of the gateway as well (REST API: gateway responses \
             DEFAULT_4XX and DEFAULT_5XX; HTTP API: its CORS configuration), so that the browser shows the true one."
                .to_owned(),
        ),
    };
    let plain = outside.https.last().map(shown);
    plain.into_iter().fold(Hop::broken(Link::Cors, summary, next_step).seen(line), Hop::seen).took(answer.ttfb)
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 => "no identity",
        403 => "forbidden",
        404 => "not found",
        429 => "throttled",
        500 => "the gateway or the function failed",
        502 => "the function failed or answered in another form",
        503 => "not available",
        504 => "the function took too long",
        _ => "an error",
    }
}

fn shown(answer: &ResponseSeen) -> String {
    let with =
        answer.origin.as_deref().map_or_else(|| "without Origin".to_owned(), |origin| format!("with Origin {origin}"));
    let status = answer.status.map_or_else(|| answer.problem.clone().unwrap_or_default(), |status| status.to_string());
    let header = answer.header(ALLOW).map_or_else(|| format!("no {ALLOW}"), |origin| format!("{ALLOW}: {origin}"));
    let start: String = answer.body_start.chars().take(120).collect();
    let start = if start.is_empty() { start } else { format!(": {start}") };
    format!("{} {with}: {status}, {header}{start}", answer.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, response, seen};

    fn asked(plain: u16, status: Option<u16>, headers: &'static [(&'static str, &'static str)]) -> ChainSeen {
        seen(move |outside| {
            outside.https = vec![response("https://dev.example.one/", plain, &[], "")];
            let answer = response("https://dev.example.one/", 0, headers, "{\"message\":\"x\"}");
            let problem = status.is_none().then(|| "no answer within 5.0 s".to_owned());
            outside.https_with_origin =
                Some(ResponseSeen { status, problem, origin: Some("https://dev.example.one".to_owned()), ..answer });
        })
    }

    #[test]
    fn the_true_answer_behind_a_cors_error_is_told() {
        let any: &[(&str, &str)] = &[(ALLOW, "*")];
        check(Link::Cors, &seen(|_| {}), Unknown, "with `Origin`", "");
        check(Link::Cors, &asked(200, Some(200), any), Ok, "", "");
        check(Link::Cors, &asked(200, Some(200), &[]), NotApplicable, "", "");
        check(Link::Cors, &asked(404, Some(404), any), Ok, "", "");
        check(Link::Cors, &asked(503, Some(503), any), Broken, "the answer is 503 (not available)", "what answers");
        check(Link::Cors, &asked(502, Some(502), &[]), Broken, "in truth the answer is 502", "DEFAULT_5XX");
        check(Link::Cors, &asked(429, Some(429), &[]), Broken, "throttled", "");
        check(
            Link::Cors,
            &asked(200, Some(403), &[]),
            Broken,
            "the origin is refused",
            "update-api --cors-configuration",
        );
        check(Link::Cors, &asked(504, None, &[]), Broken, "no answer within 5.0 s", "29 s");
    }
}
