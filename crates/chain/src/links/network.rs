//! `network`: the network of the function. By default a function is outside of any VPC and reaches the internet; in a
//! VPC it reaches only what its subnets have a route to. The gateway calls it by way of the Lambda service, so that a
//! private subnet does not hinder that.

use account::map::MapKind;

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Network;
    judged(seen, link, Some(MapKind::Function), |inside| {
        let absent = || Hop::unknown(link, "no link before it leads here");
        from_step(link, &inside.path.function, absent, |function| match function.setting("subnets") {
            None => Hop::not_applicable(link),
            Some(subnets) => Hop::unknown(link, "the function is in a VPC, and the map has no route tables")
                .seen(format!("subnets {subnets}"))
                .next(
                    "where calls out of the function hang, look whether each subnet has a route to a NAT gateway or an \
                     endpoint of the service: `aws ec2 describe-route-tables`",
                ),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, said};

    #[test]
    fn outside_of_a_vpc_it_does_not_apply_and_inside_its_routes_are_unknown() {
        let inside = Account::story().set(MapKind::Function, "backend-dev", "subnets", Some("subnet-1"));
        let unknown = "unknown: the function is in a VPC, and the map has no route tables";
        assert_eq!(said(Link::Network, &Account::story().dev()), "not_applicable");
        assert_eq!(said(Link::Network, &inside.dev()), unknown);
    }
}
