//! `secret`: the secrets that the environment of the function names: that they are there, of this account, and not
//! scheduled for deletion. Their values are never read.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged, look};
use crate::link::Link;
use crate::looked::PathStep;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Secret;
    judged(seen, link, Some(MapKind::Secret), |inside| {
        let absent = || Hop::unknown(link, "no link before it leads here");
        from_step(link, &inside.path.function, absent, |function| of(inside, function))
    })
}

/// What an ARN of a secret says: its account and its name, without the six characters that AWS adds.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let name = parts.get(6)?;
    let cut = name.rsplit_once('-').filter(|(_, end)| end.len() == 6).map_or(*name, |(start, _)| start);
    Some((parts.get(4)?, cut))
}

fn of(inside: &InsideSeen, function: &MapResource) -> Hop {
    let link = Link::Secret;
    let named = ["secrets", "secrets_by_name"].into_iter().filter_map(|name| function.setting(name));
    let arns: Vec<&str> = named.flat_map(|text| text.split(", ")).filter(|arn| !arn.is_empty()).collect();
    if let Some(variables) = function.noted.get("secrets_unmatched") {
        return Hop::broken(
            link,
            format!(
                "the environment names a secret in {variables}, and this account and Region have none of that name"
            ),
            "create the secret in this account and Region, or correct the variable; after a change of account it often \
             still names the old one",
        );
    }
    if arns.is_empty() {
        return match function.settings.get("secrets_by_name") {
            Some(None) => Hop::unknown(link, "whether the environment names secrets is unknown"),
            _ => Hop::not_applicable(link),
        };
    }
    let mut hop = Hop::ok(link);
    for arn in arns {
        let (account, name) = parts(arn).unwrap_or_default();
        if let Some(own) = inside.account.as_deref().filter(|own| *own != account) {
            return Hop::broken(
                link,
                format!("the environment names the secret {name} of account {account}, and the function is of {own}"),
                "name a secret of this account, or allow the function's role in the policy of that secret and its key",
            )
            .seen(arn.to_owned());
        }
        let is_it = |one: &MapResource| {
            one.arn.as_deref() == Some(arn) || (one.arn.as_deref().and_then(parts) == Some((account, name)))
        };
        match look(inside).one(MapKind::Secret, is_it) {
            PathStep::Found(secret) => match secret.setting("deleted") {
                Some(at) => {
                    return Hop::broken(
                        link,
                        format!("the secret {name} is scheduled for deletion since {at}"),
                        format!("`aws secretsmanager restore-secret --secret-id {name}`"),
                    )
                    .seen(arn.to_owned());
                }
                None => hop.evidence.push(format!("{name} is there")),
            },
            PathStep::Unknown(why) => return Hop::unknown(link, why),
            _ => {
                return Hop::broken(
                    link,
                    format!("the environment names the secret {name}, which is not there"),
                    "create the secret again with the keys that the function expects, or correct the variable",
                )
                .seen(arn.to_owned());
            }
        }
    }
    hop
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, resource, said};

    const ARN: &str = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:prod/db-Ab12Cd";

    #[test]
    fn a_named_secret_must_be_there_of_this_account_and_not_deleted() {
        let named = |arn: &str| Account::story().set(MapKind::Function, "backend-dev", "secrets", Some(arn));
        let there =
            |settings: &[(&str, &str)]| named(ARN).with(MapKind::Secret, resource("prod/db", settings).arn(ARN));
        let short = ARN.trim_end_matches("-Ab12Cd");
        for (account, expected) in [
            (Account::story(), "not_applicable".to_owned()),
            (there(&[]), "ok".to_owned()),
            (
                named(short).with(MapKind::Secret, resource("prod/db", &[]).arn(ARN)),
                "ok".to_owned(),
            ),
            (
                there(&[("deleted", "2024-12-19T00:00:00Z")]),
                "broken: the secret prod/db is scheduled for deletion since 2024-12-19T00:00:00Z".to_owned(),
            ),
            (named(ARN), "broken: the environment names the secret prod/db, which is not there".to_owned()),
            (
                named(&ARN.replace("123456789012", "999999999999")),
                "broken: the environment names the secret prod/db of account 999999999999, and the function is of 123456789012".to_owned(),
            ),
            (
                named(ARN).denied(MapKind::Secret, "secretsmanager:ListSecrets: no"),
                "unknown: secretsmanager:ListSecrets: no".to_owned(),
            ),
        ] {
            assert_eq!(said(Link::Secret, &account.dev()), expected);
        }
    }
}
