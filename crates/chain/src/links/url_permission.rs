//! `url_permission`: the permissions of the function URL. A public URL needs two of them: `lambda:InvokeFunctionUrl`
//! and, for URLs since October 2025, `lambda:InvokeFunction`.
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>

use account::map::{MapKind, MapResource};

use crate::grant::{FunctionGrant, grants};
use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::looked::PathStep;
use crate::seen::ChainSeen;
use crate::symptom::works;

const NEEDED: [&str; 2] = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::UrlPermission;
    judged(seen, link, Some(MapKind::FunctionUrl), |inside| {
        let absent = || {
            Hop::broken(
                link,
                "no function of this account and Region has this URL",
                "create a URL for the function: `aws lambda create-function-url-config --auth-type NONE`, and use its \
                 new address; or use the credentials of the account that has it",
            )
        };
        from_step(link, &inside.path.url, absent, |url| of_url(seen, url))
    })
}

fn of_url(seen: &ChainSeen, url: &MapResource) -> Hop {
    let link = Link::UrlPermission;
    match url.setting("authorization") {
        Some("AWS_IAM") => {
            return Hop::ok(link).seen(format!("the URL of {} wants signed requests (AWS_IAM)", url.id));
        }
        Some("NONE") => {}
        _ => return Hop::unknown(link, "how the URL is authorized is unknown"),
    }
    let all = match grants(seen, &url.id) {
        PathStep::Found(Ok(all)) => all,
        PathStep::Absent => vec![],
        PathStep::Found(Err(why)) | PathStep::Unknown(why) => return Hop::unknown(link, why),
        PathStep::Beyond | PathStep::Skipped => return Hop::unknown(link, "no link before it leads here"),
    };
    let may =
        |action: &str| all.iter().any(|grant: &FunctionGrant| grant.allows && grant.is_public() && grant.is_of(action));
    let missing: Vec<&str> = NEEDED.into_iter().filter(|action| !may(action)).collect();
    if missing.is_empty() {
        return Hop::ok(link).seen(format!("everyone may {} of {}", NEEDED.join(" and "), url.id));
    }
    // A URL that is older than the second permission works without it.
    if missing == [NEEDED[1]] && works(seen) {
        return Hop::ok(link).seen(format!("{} is not granted, and the URL answers", missing.join(" and ")));
    }
    let (name, qualifier) = url.id.split_once(':').map_or((url.id.as_str(), ""), |(name, qualifier)| (name, qualifier));
    let at = if qualifier.is_empty() { String::new() } else { format!(" --qualifier {qualifier}") };
    let step = |action: &&str| {
        let condition =
            if *action == NEEDED[0] { "--function-url-auth-type NONE" } else { "--invoked-via-function-url" };
        let id = if *action == NEEDED[0] { "url" } else { "url-invoke" };
        format!(
            "`aws lambda add-permission --function-name {name}{at} --statement-id {id} --action {action} --principal '*' \
             {condition}`"
        )
    };
    Hop::broken(
        link,
        format!("the function URL is public, and its function grants no {} to everyone", missing.join(" and no ")),
        missing.iter().map(step).collect::<Vec<_>>().join("; "),
    )
    .seen(format!("GetPolicy of {}: {} statement(s)", url.id, all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, resource, said};

    const HOST: &str = "x9.lambda-url.eu-west-1.on.aws";
    const FORBIDDEN: &str = r#"{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/"}"#;

    fn account(authorization: &str, granted: &[&str]) -> Account {
        let url = [("url", "https://x9.lambda-url.eu-west-1.on.aws/"), ("authorization", authorization)];
        let statements: Vec<(String, String)> = granted
            .iter()
            .map(|action| (format!("statement {action}"), format!("Allow {action} to * if {{\"StringEquals\":{{}}}}")))
            .collect();
        let statements: Vec<(&str, &str)> = statements.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        Account::default()
            .with(MapKind::FunctionUrl, resource("shop", &url).of("shop"))
            .with(MapKind::Function, resource("shop", &[]))
            .with(MapKind::FunctionPolicy, resource("shop", &statements).of("shop"))
    }

    #[test]
    fn a_public_url_needs_both_permissions() {
        let [url, invoke] = NEEDED;
        for (account, expected) in [
            (account("NONE", &[url, invoke]), "ok"),
            (account("AWS_IAM", &[]), "ok"),
            (
                account("NONE", &[url]),
                "broken: the function URL is public, and its function grants no lambda:InvokeFunction to everyone",
            ),
            (
                account("NONE", &[]),
                "broken: the function URL is public, and its function grants no lambda:InvokeFunctionUrl and no lambda:InvokeFunction to everyone",
            ),
            (
                Account::default().with(MapKind::FunctionUrl, resource("a", &[("url", "https://other/")])),
                "broken: no function of this account and Region has this URL",
            ),
        ] {
            assert_eq!(said(Link::UrlPermission, &account.seen(HOST, "/")), expected);
        }
        let works = answered(account("NONE", &[url]).seen(HOST, "/"), 200, "", "");
        assert_eq!(said(Link::UrlPermission, &works), "ok", "one that is older than the second permission");
        let step = judge(&account("NONE", &[url]).seen(HOST, "/")).next_step;
        assert!(step.contains("--action lambda:InvokeFunction --principal '*' --invoked-via-function-url"), "{step}");
    }

    #[test]
    fn without_credentials_the_text_of_the_answer_is_enough() {
        let seen = answered(outside_only(HOST, "/"), 403, "AccessDeniedException", FORBIDDEN);
        assert!(said(Link::UrlPermission, &seen).starts_with("broken: the function URL refuses everyone"));
        assert!(judge(&seen).next_step.contains("lambda:InvokeFunction "), "{:?}", judge(&seen));
        let short = answered(outside_only(HOST, "/"), 403, "AccessDeniedException", r#"{"Message":"Forbidden"}"#);
        assert!(said(Link::UrlPermission, &short).starts_with("broken: the function URL refuses everyone"));
    }
}
