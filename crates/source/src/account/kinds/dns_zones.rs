//! Zones of Route 53. It answers XML.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DNS, DescribeCall};
use aws::paging::PageTokens;
use aws::zones::{ZonePage, zones};

use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::unreadable;

pub(in crate::account) const CALLS: &[&str] = &[ACTION];

/// Route 53 has no regions.
pub(in crate::account) const REGION: &str = "global";

const ACTION: &str = "route53:ListHostedZones";

/// Every zone, with the number of its records.
pub(super) async fn listed(look: &MapContext<'_>) -> Result<Vec<aws::zones::DnsZoneRow>, MapStop> {
    let (mut all, mut tokens, mut token) = (Vec::new(), PageTokens::default(), None::<String>);
    let resource = "the account's zones";
    loop {
        let call = DescribeCall::get(&DNS, ACTION, "/2013-04-01/hostedzone".to_owned(), resource);
        let text = look.text(call.with("maxitems", Some("100")).with("marker", token)).await?;
        let ZonePage { zones, next } = zones(&text).map_err(|error| unreadable(ACTION, resource, error))?;
        all.extend(zones);
        token = tokens.next(next).map_err(|endless| MapStop::Failed(endless.failure(ACTION, resource)))?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let zone = |row: aws::zones::DnsZoneRow| {
        let mut zone = MapResource::new(row.id);
        zone.set("name", row.name);
        zone.set("private", if row.is_private { "yes" } else { "no" });
        zone
    };
    let all = listed(look).await?.into_iter().map(zone).collect();
    Ok(MapSnapshot::of(MapKind::DnsZone, REGION, all))
}
