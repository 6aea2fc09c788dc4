//! `identity`: the credentials.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::inside::CredentialsSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Identity;
    let Some(inside) = &seen.inside else {
        if seen.host.is_none() {
            return Hop::unknown(
                link,
                "there are no credentials, and a function is seen with those of its account only",
            )
            .next(
                "give credentials (`aws configure sso`, AWS_PROFILE or AWS_ACCESS_KEY_ID) to read the function, its \
                     limits and its log",
            );
        }
        return Hop::unknown(link, "there are no credentials: only what a stranger sees was asked").next(
            "give credentials (`aws configure sso`, AWS_PROFILE or AWS_ACCESS_KEY_ID) to read the domain name, its \
             mapping, the stage, the permission and the function as well",
        );
    };
    match &inside.credentials {
        CredentialsSeen::None => Hop::unknown(link, "the credentials were not asked for"),
        CredentialsSeen::Unclear { why, next_step, .. } | CredentialsSeen::Refused { why, next_step } => {
            Hop::unknown(link, why).next(next_step)
        }
        CredentialsSeen::Taken { arn, origin, expires } => {
            let from = if origin.is_empty() { String::new() } else { format!(", from {origin}") };
            let hop = Hop::ok(link).seen(format!("{arn}{from}"));
            // The API, the certificate and the function of a chain are of one account.
            let other = inside.path.target.found().and_then(|target| target.account());
            let hop = match (other, &inside.account) {
                (Some(other), Some(own)) if other != own => {
                    hop.seen(format!("the function is of account {other}, the credentials are of {own}"))
                }
                _ => hop,
            };
            match expires {
                Some(end) if *end <= seen.at => hop.seen(format!("they ended {end}")),
                Some(end) => hop.seen(format!("they end {}", end.format("%Y-%m-%d %H:%M UTC"))),
                None => hop,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState;
    use crate::testing::{Account, outside_only, said};

    #[test]
    fn no_credentials_are_unknown_and_say_what_they_would_add() {
        let hop = judge(&outside_only("dev.example.one", "/"));
        assert_eq!(hop.state, HopState::Unknown);
        assert!(hop.next_step.contains("AWS_PROFILE"), "{hop:?}");
        let mut seen = Account::story().dev();
        let taken = CredentialsSeen::Taken { arn: "arn:aws:iam::1:user/a".into(), origin: "SSO".into(), expires: None };
        if let Some(inside) = &mut seen.inside {
            inside.credentials = taken;
            inside.account = Some("999999999999".to_owned());
        }
        assert_eq!(said(Link::Identity, &seen), "ok");
        assert!(judge(&seen).evidence[1].contains("is of account 123456789012"), "{:?}", judge(&seen));
        if let Some(inside) = &mut seen.inside {
            inside.credentials =
                CredentialsSeen::Refused { why: "the key has no session token".into(), next_step: "set it".into() };
        }
        assert_eq!(said(Link::Identity, &seen), "unknown: the key has no session token");
        let why = "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not";
        for (is_asked, mapping) in [(false, format!("unknown: not asked: {why}")), (true, "ok".to_owned())] {
            if let Some(inside) = &mut seen.inside {
                inside.credentials =
                    CredentialsSeen::Unclear { why: why.to_owned(), next_step: "set both".to_owned(), is_asked };
            }
            assert_eq!(said(Link::Identity, &seen), format!("unknown: {why}"));
            assert_eq!(judge(&seen).next_step, "set both");
            assert_eq!(said(Link::Mapping, &seen), mapping);
        }
    }
}
