//! `cors`: the CORS headers. A browser shows a page of another origin an error without them as a "CORS error", whatever
//! its status is. A page of the same origin reads every answer, so that an application's own 4xx is no fault.

use crate::answers::outside;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::ResponseSeen;
use crate::symptom::accused;

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
        // What an address answers without `Origin` is told by `connect` and `timeout`.
        return Hop::unknown(Link::Cors, "no answer came to the request with `Origin`").seen(line);
    };
    let allowed = answer.header(ALLOW);
    // The page that was asked with `Origin`: redirects are not followed for it.
    let plain = outside.https.first();
    if status < 400 {
        return match allowed {
            Some(origin) => Hop::ok(Link::Cors).seen(format!("{ALLOW}: {origin}")).took(answer.ttfb),
            None => Hop::not_applicable(Link::Cors).seen("no CORS headers: pages of other origins cannot read it"),
        };
    }
    let works_without = plain.is_some_and(|plain| plain.status.is_some_and(|plain| plain < 400));
    let hop = if works_without && status != 429 {
        of_origin(answer, status)
    } else if allowed.is_none() && (status >= 500 || accused(seen).is_some()) {
        Hop::broken(
            Link::Cors,
            format!(
                "a page of another origin shows a CORS error, and in truth the answer is {status} ({})",
                meaning(status)
            ),
            "Mend that answer first. Then set CORS headers on errors of the gateway as well (REST API: gateway responses \
             DEFAULT_4XX and DEFAULT_5XX; HTTP API: its CORS configuration), so that the browser shows the true one.",
        )
    } else {
        Hop::ok(Link::Cors)
    };
    let plain = plain.map(shown);
    plain.into_iter().fold(hop.seen(line), Hop::seen).took(answer.ttfb)
}

/// An error that comes with `Origin` alone.
fn of_origin(answer: &ResponseSeen, status: u16) -> Hop {
    let is_foreign = answer.origin.as_deref().is_some_and(|origin| origin.ends_with(".invalid"));
    if is_foreign && status < 500 {
        // A list of origins refuses the one that no page has, and rightly.
        return Hop::ok(Link::Cors).seen("a foreign origin is refused; the page works for its own");
    }
    let what = if status < 500 { "the origin is refused" } else { "what answers fails for that header" };
    Hop::broken(
        Link::Cors,
        format!("the page answers with `Origin` by {status}, and without it as it should: {what}"),
        "Add the origin to the CORS settings of the API (HTTP API: `aws apigatewayv2 update-api --cors-configuration`), \
         and see what the function does with the header `Origin`.",
    )
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

    fn asked(
        plain: u16,
        status: Option<u16>,
        headers: &'static [(&'static str, &'static str)],
        origin: &'static str,
    ) -> ChainSeen {
        seen(move |outside| {
            outside.https = vec![response("https://dev.example.one/", plain, &[], "<p>own</p>")];
            let answer = response("https://dev.example.one/", 0, headers, "<p>own</p>");
            let problem = status.is_none().then(|| "no answer within 5.0 s".to_owned());
            outside.https_with_origin =
                Some(ResponseSeen { status, problem, origin: Some(origin.to_owned()), ..answer });
        })
    }

    const FOREIGN: &str = "https://origin.invalid";
    const ANY: &[(&str, &str)] = &[(ALLOW, "*")];

    #[test]
    fn an_answer_of_the_application_is_no_fault() {
        check(Link::Cors, &seen(|_| {}), Unknown, "with `Origin`", "");
        check(Link::Cors, &asked(200, Some(200), ANY, FOREIGN), Ok, "", "");
        check(Link::Cors, &asked(200, Some(200), &[], FOREIGN), NotApplicable, "", "");
        check(Link::Cors, &asked(503, Some(503), ANY, FOREIGN), Ok, "", "");
        for status in [400, 401, 403, 404, 405, 418, 429] {
            for headers in [ANY, &[]] {
                let hop = check(Link::Cors, &asked(status, Some(status), headers, FOREIGN), Ok, "", "");
                assert!(hop.evidence.iter().any(|line| line.contains(&status.to_string())), "{hop:?}");
            }
        }
        check(Link::Cors, &asked(504, None, &[], FOREIGN), Unknown, "no answer came", "");
    }

    #[test]
    fn an_error_that_a_browser_hides_and_one_that_the_origin_causes_are_told() {
        check(Link::Cors, &asked(502, Some(502), &[], FOREIGN), Broken, "in truth the answer is 502", "DEFAULT_5XX");
        let throttled = seen(|outside| {
            let answer = response("https://dev.example.one/", 429, &[], r#"{"message":"Too Many Requests"}"#);
            outside.https = vec![answer.clone()];
            outside.https_with_origin = Some(answer);
        });
        check(Link::Cors, &throttled, Broken, "in truth the answer is 429 (throttled)", "DEFAULT_4XX");
        check(Link::Cors, &asked(200, Some(403), &[], FOREIGN), Ok, "", "");
        check(Link::Cors, &asked(200, Some(500), &[], FOREIGN), Broken, "fails for that header", "`Origin`");
        let own = asked(200, Some(403), &[], "https://shop.example.one");
        check(Link::Cors, &own, Broken, "the origin is refused", "update-api --cors-configuration");
    }
}
