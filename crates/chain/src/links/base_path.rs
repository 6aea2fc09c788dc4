//! `base_path`: the base path of the mapping. Of several mappings the longest one takes a path; an empty one takes all
//! that is left, and there is one of it only.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::path::base_path;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::BasePath;
    judged(seen, link, Some(MapKind::DomainMapping), |inside| {
        from_step(link, &inside.path.mapping, || absent(seen, inside), |mapping| present(seen, inside, mapping))
    })
}

fn absent(seen: &ChainSeen, inside: &InsideSeen) -> Hop {
    let link = Link::BasePath;
    let all = inside.path.mappings.found().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return Hop::unknown(link, "no link before it leads here");
    }
    let bases: Vec<String> = all.iter().take(5).map(|one| format!("/{}", base_path(one))).collect();
    Hop::broken(
        link,
        format!("no mapping takes the path {}: the domain name maps {} only", seen.path, bases.join(", ")),
        format!(
            "ask a path below {}, or add a mapping with an empty base path for everything else",
            bases.join(" or ")
        ),
    )
}

fn present(seen: &ChainSeen, inside: &InsideSeen, mapping: &MapResource) -> Hop {
    let base = base_path(mapping);
    let shown = if base.is_empty() { "the whole domain name".to_owned() } else { format!("/{base}") };
    Hop::ok(Link::BasePath)
        .seen(format!("{} is asked of the API as {} (mapping of {shown})", seen.path, inside.path.rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, resource, said};

    #[test]
    fn a_path_below_no_mapping_is_broken_here_and_not_at_the_mapping() {
        let v1 = || {
            let mapping = resource("dev.example.one/v1", &[("stage", "a1/dev")]).of("dev.example.one");
            Account::story().without(MapKind::DomainMapping).with(MapKind::DomainMapping, mapping)
        };
        assert_eq!(said(Link::BasePath, &v1().seen("dev.example.one", "/v1/todos")), "ok");
        let root = v1().dev();
        let expected = "broken: no mapping takes the path /: the domain name maps /v1 only";
        assert_eq!(said(Link::BasePath, &root), expected);
        assert_eq!(said(Link::Mapping, &root), "ok");
        let forbidden = answered(root, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        assert_eq!(said(Link::BasePath, &forbidden), expected);
        assert_eq!(said(Link::Mapping, &forbidden), "ok");
        assert_eq!(
            said(Link::BasePath, &Account::story().without(MapKind::DomainMapping).dev()),
            "unknown: no link before it leads here"
        );
    }
}
