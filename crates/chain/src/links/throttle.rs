//! `throttle`: how many requests a second the stage takes.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Throttle;
    judged(seen, link, Some(MapKind::HttpStage), |inside| {
        from_step(link, &inside.path.stage, || Hop::unknown(link, "no link before it leads here"), of)
    })
}

fn of(stage: &MapResource) -> Hop {
    let link = Link::Throttle;
    let (rate, burst) = (stage.setting("throttling_rate"), stage.setting("throttling_burst"));
    let is_zero =
        |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok()).is_some_and(|number| number <= 0.0);
    let line = match (rate, burst) {
        (None, None) => return Hop::ok(link),
        (rate, burst) => {
            let shown = |text: Option<&str>| text.unwrap_or("not set").to_owned();
            format!("rate {} a second, burst {}", shown(rate), shown(burst))
        }
    };
    let hop = match is_zero(rate) || is_zero(burst) {
        true => Hop::broken(
            link,
            format!("the throttling of the stage {} is 0, so every request is refused", stage.id),
            "set rate and burst of the stage, or take the limit away",
        ),
        false => Hop::ok(link),
    };
    hop.seen(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, said};

    #[test]
    fn a_stage_that_takes_nothing_is_broken_and_429_names_it_from_outside() {
        let rate = |rate: &str| Account::story().set(MapKind::RestStage, "a1/dev", "throttling_rate", Some(rate)).dev();
        assert_eq!(said(Link::Throttle, &rate("100")), "ok");
        let broken = "broken: the throttling of the stage a1/dev is 0, so every request is refused";
        assert_eq!(said(Link::Throttle, &rate("0")), broken);
        let seen = answered(outside_only("dev.example.one", "/"), 429, "", r#"{"message":"Too Many Requests"}"#);
        assert_eq!(said(Link::Throttle, &seen), "broken: the gateway refuses the request for its rate");
    }
}
