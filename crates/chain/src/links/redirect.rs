//! `redirect`: redirects.

use url::Url;

use crate::answers::{count, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{CertificateDistrust, ResponseSeen};

/// The most redirects that are followed; browsers follow twenty.
const MAX_REDIRECTS: usize = 10;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::Redirect) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let pages = outside.https.as_slice();
    let Some(last) = pages.last() else {
        return Hop::unknown(Link::Redirect, "no page answered");
    };
    let redirects = pages.iter().filter(|page| is_redirect(page)).count();
    if redirects == 0 {
        return Hop::not_applicable(Link::Redirect);
    }
    let lines = pages.iter().map(shown);
    let advice = "Look at what redirects: the application, the gateway, or a proxy in front that speaks http to a server \
                  which wants https. Each of them should know the address under which it is asked.";
    let hop = if let Some(back) = circle(pages) {
        Hop::broken(
            Link::Redirect,
            format!("the redirects lead in a circle: {} leads back to {back}", last.url),
            advice,
        )
    } else if pages.len() > MAX_REDIRECTS && is_redirect(last) {
        Hop::broken(Link::Redirect, format!("there are more than {MAX_REDIRECTS} redirects"), advice)
    } else if last.status.is_none() {
        let why = last.problem.as_deref().unwrap_or("no answer");
        Hop::broken(
            Link::Redirect,
            format!("the redirect leads to {}, which does not answer: {why}", last.url),
            format!("Mend {}, or set the redirect to another address.", last.url),
        )
    } else if let Some((page, why)) = pages.iter().find_map(|page| Some((page, untrusted(page)?))) {
        Hop::broken(
            Link::Redirect,
            format!("the redirect leads to {}, and browsers refuse it: {why}", page.url),
            format!(
                "Mend the certificate there: `monitor doctor {}`. Or set the redirect to another address.",
                page.url
            ),
        )
    } else {
        Hop::ok(Link::Redirect).seen(format!("{} to {}", count(redirects, "redirect"), last.url))
    };
    lines.fold(hop, Hop::seen)
}

/// Why the certificate of a host that was redirected to is not trusted.
fn untrusted(page: &ResponseSeen) -> Option<String> {
    Some(match page.untrusted.as_ref()? {
        CertificateDistrust::WrongName => "its certificate is for another host".to_owned(),
        CertificateDistrust::NotValidNow => "its certificate has ended, or is not valid yet".to_owned(),
        CertificateDistrust::UnknownIssuer => "no root that is trusted here has signed its certificate".to_owned(),
        CertificateDistrust::Other(why) => why.clone(),
    })
}

fn is_redirect(page: &ResponseSeen) -> bool {
    matches!(page.status, Some(301 | 302 | 303 | 307 | 308)) && page.header("location").is_some()
}

/// The address that the last page leads back to, if it was met before.
pub(crate) fn circle(pages: &[ResponseSeen]) -> Option<String> {
    let last = pages.last().filter(|page| is_redirect(page))?;
    let mut next = Url::parse(&last.url).ok()?.join(last.header("location")?).ok()?;
    next.set_query(None);
    next.set_fragment(None);
    // Queries are not kept, so a long way through pages that differ in them is none.
    (pages.len() <= MAX_REDIRECTS && pages.iter().any(|page| page.url == next.as_str())).then(|| next.to_string())
}

fn shown(page: &ResponseSeen) -> String {
    let status = page.status.map_or_else(|| page.problem.clone().unwrap_or_default(), |status| status.to_string());
    let to = page.header("location").map(|to| format!(" -> {to}")).unwrap_or_default();
    format!("{} {status}{to}", page.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, response, seen};

    fn pages(all: Vec<(String, u16, String)>) -> ChainSeen {
        seen(move |outside| {
            outside.https = all
                .iter()
                .map(|(url, status, to)| {
                    let headers: &[(&str, &str)] = if to.is_empty() { &[] } else { &[("location", to)] };
                    let page = response(url, *status, headers, "");
                    ResponseSeen { status: Some(*status).filter(|status| *status > 0), ..page }
                })
                .collect();
        })
    }

    fn page(url: &str, status: u16, to: &str) -> (String, u16, String) {
        (format!("https://dev.example.one/{url}"), status, to.to_owned())
    }

    #[test]
    fn a_redirect_to_a_host_whose_certificate_is_not_trusted_is_broken() {
        for (why, said) in [
            (CertificateDistrust::NotValidNow, "has ended"),
            (CertificateDistrust::WrongName, "is for another host"),
            (CertificateDistrust::UnknownIssuer, "no root"),
            (CertificateDistrust::Other("said".to_owned()), "refuse it: said"),
        ] {
            let mut to = pages(vec![page("", 301, "https://www.example.one/"), page("", 200, "")]);
            if let Some(page) = to.outside.as_mut().and_then(|outside| outside.https.last_mut()) {
                page.url = "https://www.example.one/".to_owned();
                page.untrusted = Some(why);
            }
            check(Link::Redirect, &to, Broken, said, "monitor doctor https://www.example.one/");
        }
    }

    #[test]
    fn a_circle_a_long_way_and_a_dead_end_are_named() {
        check(Link::Redirect, &seen(|_| {}), NotApplicable, "", "");
        check(Link::Redirect, &seen(|outside| outside.https.clear()), Unknown, "no page", "");
        check(Link::Redirect, &pages(vec![page("", 301, "/a"), page("a", 200, "")]), Ok, "", "");
        check(
            Link::Redirect,
            &pages(vec![page("", 301, "/a"), page("a", 302, "/")]),
            Broken,
            "lead in a circle",
            "what redirects",
        );
        check(
            Link::Redirect,
            &pages(vec![page("", 301, "https://dev.example.one/")]),
            Broken,
            "back to https://dev.example.one/",
            "",
        );
        let long = (0..11).map(|n| page(&n.to_string(), 302, &format!("/{}", n + 1))).collect();
        check(Link::Redirect, &pages(long), Broken, "more than 10 redirects", "");
        check(
            Link::Redirect,
            &pages(vec![page("", 301, "/a"), page("a", 0, "")]),
            Broken,
            "which does not answer",
            "Mend https://dev.example.one/a",
        );
    }
}
