//! Records of Route 53 that point to something: aliases and CNAMEs. They are read again when their zone has more or
//! fewer records, and once a day.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DNS, DescribeCall, in_path};
use aws::paging::PageTokens;
use aws::zones::{DnsRecordRow, RecordPage, records};

use super::dns_zones::{REGION, listed};
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::unreadable;
use crate::account::parts::{Whole, parts};

pub(in crate::account) const CALLS: &[&str] = &["route53:ListHostedZones", ACTION];

const ACTION: &str = "route53:ListResourceRecordSets";

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let zones = listed(look).await?;
    let wholes: Vec<Whole> = zones.into_iter().map(|zone| (zone.id, zone.records)).collect();
    let found = parts(look, MapKind::DnsRecord, wholes, 1, |zone| async move { of_zone(look, &zone).await }).await?;
    Ok(MapSnapshot { region: REGION.to_owned(), ..found })
}

/// The records of one zone that point to something.
pub(in crate::account) async fn of_zone(look: &MapContext<'_>, zone: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/2013-04-01/hostedzone/{}/rrset", in_path(zone));
    let (mut all, mut tokens, mut next) = (Vec::new(), PageTokens::default(), [None, None, None]);
    loop {
        let [name, kind, set] = next;
        let call = DescribeCall::get(&DNS, ACTION, path.clone(), zone).with("maxitems", Some("300"));
        let call = call.with("name", name).with("type", kind).with("identifier", set);
        let text = look.text(call).await?;
        let RecordPage { records, next: more } = records(&text).map_err(|error| unreadable(ACTION, zone, error))?;
        all.extend(records.into_iter().filter_map(|row| record(zone, row)));
        let Some(more) = more else { return Ok(all) };
        let token = more.iter().map(|part| part.as_deref().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        tokens.next(Some(token)).map_err(|endless| MapStop::Failed(endless.failure(ACTION, zone)))?;
        next = more;
    }
}

fn record(zone: &str, row: DnsRecordRow) -> Option<MapResource> {
    let target = row.target?;
    let set = row.set.map(|set| format!(" {set}")).unwrap_or_default();
    let mut record = MapResource::new(format!("{zone}/{} {}{set}", row.name, row.kind));
    record.set("name", row.name);
    record.set("target", target);
    for (setting, value) in
        [("ttl", row.ttl), ("weight", row.weight), ("region", row.region), ("failover", row.failover)]
    {
        if let Some(value) = value {
            record.set(setting, value);
        }
    }
    Some(record)
}
