//! Reads what Route 53 answers, which is XML.
//! <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html>,
//! `API_ListResourceRecordSets`

use serde::Deserialize;

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsZoneRow {
    /// Its id: `Z0123`.
    pub id: String,
    /// Its name, without the dot at the end.
    pub name: String,
    /// Whether only networks of the account see it.
    pub is_private: bool,
    /// How many records it has, as AWS writes it; empty if unknown.
    pub records: String,
}

/// A page of zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZonePage {
    /// The zones.
    pub zones: Vec<DnsZoneRow>,
    /// The token of the next page.
    pub next: Option<String>,
}

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DnsRecordRow {
    /// Its name, without the dot at the end.
    pub name: String,
    /// Its type: `CNAME`.
    pub kind: String,
    /// Which one of several of this name and type.
    pub set: Option<String>,
    /// The name it points to, for an alias and a CNAME.
    pub target: Option<String>,
    /// Seconds that it may be kept.
    pub ttl: Option<String>,
    /// Its share among those of its name and type.
    pub weight: Option<String>,
    /// The region it answers for.
    pub region: Option<String>,
    /// `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<DnsRecordRow>,
    /// Name, type and set identifier of the first record of the next page.
    pub next: Option<[Option<String>; 3]>,
}

#[derive(Deserialize)]
struct ZonesXml {
    #[serde(rename = "HostedZones")]
    zones: ZoneListXml,
    #[serde(rename = "IsTruncated")]
    more: String,
    #[serde(rename = "NextMarker")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct ZoneListXml {
    #[serde(rename = "HostedZone", default)]
    all: Vec<ZoneXml>,
}

#[derive(Deserialize)]
struct ZoneXml {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Config")]
    config: Option<ZoneConfigXml>,
    #[serde(rename = "ResourceRecordSetCount", default)]
    records: String,
}

#[derive(Deserialize)]
struct ZoneConfigXml {
    #[serde(rename = "PrivateZone", default)]
    private: String,
}

#[derive(Deserialize)]
struct RecordsXml {
    #[serde(rename = "ResourceRecordSets")]
    records: RecordListXml,
    #[serde(rename = "IsTruncated")]
    more: String,
    #[serde(rename = "NextRecordName")]
    name: Option<String>,
    #[serde(rename = "NextRecordType")]
    kind: Option<String>,
    #[serde(rename = "NextRecordIdentifier")]
    set: Option<String>,
}

#[derive(Deserialize)]
struct RecordListXml {
    #[serde(rename = "ResourceRecordSet", default)]
    all: Vec<RecordXml>,
}

#[derive(Deserialize)]
struct RecordXml {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "SetIdentifier")]
    set: Option<String>,
    #[serde(rename = "AliasTarget")]
    alias: Option<AliasXml>,
    #[serde(rename = "ResourceRecords")]
    values: Option<ValuesXml>,
    #[serde(rename = "TTL")]
    ttl: Option<String>,
    #[serde(rename = "Weight")]
    weight: Option<String>,
    #[serde(rename = "Region")]
    region: Option<String>,
    #[serde(rename = "Failover")]
    failover: Option<String>,
}

#[derive(Deserialize)]
struct AliasXml {
    #[serde(rename = "DNSName")]
    name: String,
}

#[derive(Deserialize)]
struct ValuesXml {
    #[serde(rename = "ResourceRecord", default)]
    all: Vec<ValueXml>,
}

#[derive(Deserialize)]
struct ValueXml {
    #[serde(rename = "Value")]
    value: String,
}

/// A page of `route53:ListHostedZones`.
///
/// # Errors
/// What cannot be read: no XML, or a field that every answer has is missing.
pub fn zones(xml: &str) -> Result<ZonePage, String> {
    let read: ZonesXml = quick_xml::de::from_str(xml).map_err(|error| error.to_string())?;
    let zone = |zone: ZoneXml| DnsZoneRow {
        id: zone.id.strip_prefix("/hostedzone/").unwrap_or(&zone.id).to_owned(),
        name: plain(&zone.name),
        is_private: zone.config.is_some_and(|config| config.private.trim() == "true"),
        records: zone.records,
    };
    let next = read.next.filter(|_| read.more.trim() == "true");
    if read.more.trim() == "true" && next.is_none() {
        return Err("it is truncated and has no `NextMarker`".to_owned());
    }
    Ok(ZonePage { zones: read.zones.all.into_iter().map(zone).collect(), next })
}

/// A page of `route53:ListResourceRecordSets`.
///
/// # Errors
/// As [`zones`].
pub fn records(xml: &str) -> Result<RecordPage, String> {
    let read: RecordsXml = quick_xml::de::from_str(xml).map_err(|error| error.to_string())?;
    let record = |record: RecordXml| {
        let value = record.values.and_then(|values| values.all.into_iter().next()).map(|first| first.value);
        let pointed = value.filter(|_| record.kind == "CNAME");
        DnsRecordRow {
            name: plain(&record.name),
            target: record.alias.map(|alias| alias.name).or(pointed).map(|name| plain(&name)),
            kind: record.kind,
            set: record.set,
            ttl: record.ttl,
            weight: record.weight,
            region: record.region,
            failover: record.failover,
        }
    };
    let more = read.more.trim() == "true";
    if more && read.name.is_none() {
        return Err("it is truncated and has no `NextRecordName`".to_owned());
    }
    let next = more.then_some([read.name, read.kind, read.set]);
    Ok(RecordPage { records: read.records.all.into_iter().map(record).collect(), next })
}

/// A name without the dot at its end, and with `*` as people write it: Route 53 writes `\052`.
fn plain(name: &str) -> String {
    name.trim().trim_end_matches('.').replace("\\052", "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_records_are_read_and_what_is_missing_is_an_error() {
        let zone = "<HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>x</CallerReference><Config><PrivateZone>true</PrivateZone></Config><ResourceRecordSetCount>4</ResourceRecordSetCount></HostedZone>";
        let page = |zones: &str, end: &str| {
            format!(
                "<?xml version=\"1.0\"?><ListHostedZonesResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones>{zones}</HostedZones>{end}<MaxItems>100</MaxItems></ListHostedZonesResponse>"
            )
        };
        let read = zones(&page(zone, "<IsTruncated>true</IsTruncated><NextMarker>Z2</NextMarker>")).unwrap();
        let expected =
            DnsZoneRow { id: "Z1".into(), name: "example.com".into(), is_private: true, records: "4".into() };
        assert_eq!((read.zones, read.next.as_deref()), (vec![expected], Some("Z2")));
        assert_eq!(zones(&page("", "<IsTruncated>false</IsTruncated>")).unwrap().zones, []);
        for (zones_xml, end) in [
            ("", ""),
            ("", "<IsTruncated>true</IsTruncated>"),
            ("<HostedZone><Name>x.</Name></HostedZone>", "<IsTruncated>false</IsTruncated>"),
        ] {
            assert!(zones(&page(zones_xml, end)).is_err(), "{zones_xml} {end}");
        }
        let records_of = |all: &str| {
            records(&format!(
                "<ListResourceRecordSetsResponse><ResourceRecordSets>{all}</ResourceRecordSets><IsTruncated>true</IsTruncated><NextRecordName>z.</NextRecordName><NextRecordType>A</NextRecordType></ListResourceRecordSetsResponse>"
            ))
        };
        let read = records_of(
            "<ResourceRecordSet><Name>\\052.example.com.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z</HostedZoneId><DNSName>d-1.execute-api.us-east-1.amazonaws.com.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>\
             <ResourceRecordSet><Name>www.example.com.</Name><Type>CNAME</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>example.com.</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>\
             <ResourceRecordSet><Name>example.com.</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>\"a\"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>",
        )
        .unwrap();
        let found: Vec<(&str, Option<&str>)> =
            read.records.iter().map(|record| (record.name.as_str(), record.target.as_deref())).collect();
        assert_eq!(
            found,
            [
                ("*.example.com", Some("d-1.execute-api.us-east-1.amazonaws.com")),
                ("www.example.com", Some("example.com")),
                ("example.com", None),
            ]
        );
        assert_eq!(read.next, Some([Some("z.".to_owned()), Some("A".to_owned()), None]));
        assert!(records_of("<ResourceRecordSet><Type>A</Type></ResourceRecordSet>").is_err());
        assert!(records("<html>").is_err());
    }
}
