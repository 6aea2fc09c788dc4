//! Domain names of API Gateway. Both of its interfaces list them, and neither lists all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use account::map::{MapKind, MapResource, MapSnapshot};
use serde_json::Value;

use super::rest_apis::API;
use super::{http_apis, rest_apis};
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject, sorted};

pub(in crate::account) const CALLS: &[&str] = &[API];

/// The domain names that the newer interface lists, as AWS answers.
pub(super) async fn newer(look: &MapContext<'_>) -> Result<Vec<JsonObject>, MapStop> {
    let call = |token| http_apis::page("/v2/domainnames".to_owned(), "the region's domain names", token);
    look.list(http_apis::LISTED, call).await
}

/// Those that the older interface lists: also private ones and those for the edge.
pub(super) async fn older(look: &MapContext<'_>) -> Result<Vec<JsonObject>, MapStop> {
    let call = |token| rest_apis::page("/domainnames".to_owned(), "the region's domain names", token);
    look.list(rest_apis::LISTED, call).await
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let mut all: BTreeMap<String, MapResource> = BTreeMap::new();
    for of in newer(look).await? {
        let domain = of_newer(&of)?;
        all.insert(domain.id.clone(), domain);
    }
    for of in older(look).await? {
        let domain = of_older(&of)?;
        // What the newer interface says as well is taken from there.
        match all.entry(domain.id.clone()) {
            Entry::Vacant(vacant) => drop(vacant.insert(domain)),
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.arn = known.arn.take().or(domain.arn);
                for (name, text) in domain.settings {
                    known.settings.entry(name).or_insert(text);
                }
            }
        }
    }
    Ok(look.snapshot(MapKind::DomainName, all.into_values().collect()))
}

fn of_older(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut domain = MapResource::new(fields.required("domainName")?);
    domain.arn = fields.text("domainNameArn").map(str::to_owned);
    // A domain name for the edge has the first of each, a regional one the second.
    fields.set(
        &mut domain,
        &[
            ("certificate", "certificateArn"),
            ("certificate", "regionalCertificateArn"),
            ("address", "distributionDomainName"),
            ("address", "regionalDomainName"),
            ("security_policy", "securityPolicy"),
            ("status", "domainNameStatus"),
        ],
    );
    if let Some(endpoint) = fields.at("endpointConfiguration") {
        endpoint.set_by(&mut domain, "endpoint", "types", sorted);
    }
    fields.set_in(&mut domain, "mutualTlsAuthentication", &[("trust_store", "truststoreUri")]);
    domain.tags = fields.tags("tags");
    Ok(domain)
}

fn of_newer(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut domain = MapResource::new(fields.required("domainName")?);
    domain.arn = fields.text("domainNameArn").map(str::to_owned);
    let first =
        fields.get("domainNameConfigurations").and_then(|all| all.as_array()?.first()).and_then(Value::as_object);
    if let Some(of) = first {
        Fields::new(API, of).set(
            &mut domain,
            &[
                ("certificate", "certificateArn"),
                ("address", "apiGatewayDomainName"),
                ("endpoint", "endpointType"),
                ("security_policy", "securityPolicy"),
                ("status", "domainNameStatus"),
            ],
        );
    }
    fields.set_in(&mut domain, "mutualTlsAuthentication", &[("trust_store", "truststoreUri")]);
    domain.tags = fields.tags("tags");
    Ok(domain)
}
