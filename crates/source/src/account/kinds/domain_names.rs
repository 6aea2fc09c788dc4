//! Domain names of API Gateway. Both of its interfaces list them, and neither lists all.

use std::collections::BTreeMap;

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;
use model::redact::printable;
use serde_json::Value;

use super::rest_apis::API;
use super::{http_apis, rest_apis};
use crate::account::asked::{MapStop, present};
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject, plain, sorted};

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

/// One domain name, and whether the newer interface has it; `None` if neither has.
pub(in crate::account) async fn one(look: &MapContext<'_>, name: &str) -> Result<Option<(MapResource, bool)>, MapStop> {
    let newer = look.object(http_apis::get(format!("/v2/domainnames/{}", in_path(name)), name)).await;
    let newer = present(newer)?.map(|of| of_newer(&of)).transpose()?;
    let older = look.object(rest_apis::get(format!("/domainnames/{}", in_path(name)), name)).await;
    let older = match (present(older), &newer) {
        (Ok(older), _) => older.map(|of| of_older(&of)).transpose()?,
        // One of the two is enough.
        (Err(_), Some(_)) => None,
        (Err(stop), None) => return Err(stop),
    };
    let is_new = newer.is_some();
    Ok(match (newer, older) {
        (Some(newer), Some(older)) => Some((both(newer, older), is_new)),
        (newer, older) => newer.or(older).map(|one| (one, is_new)),
    })
}

/// What both interfaces say; what the newer one says as well is taken from there.
fn both(mut newer: MapResource, older: MapResource) -> MapResource {
    newer.arn = newer.arn.take().or(older.arn);
    for (name, text) in older.settings {
        newer.settings.entry(name).or_insert(text);
    }
    newer
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let mut all: BTreeMap<String, MapResource> = BTreeMap::new();
    for of in newer(look).await? {
        let domain = of_newer(&of)?;
        all.insert(domain.id.clone(), domain);
    }
    for of in older(look).await? {
        let domain = of_older(&of)?;
        let merged = match all.remove(&domain.id) {
            Some(known) => both(known, domain),
            None => domain,
        };
        all.insert(merged.id.clone(), merged);
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
    note_message(fields, &mut domain);
    fields.set_in(&mut domain, "mutualTlsAuthentication", &[("trust_store", "truststoreUri")]);
    domain.tags = fields.tags("tags");
    Ok(domain)
}

/// What AWS says beside the state.
fn note_message(fields: Fields<'_>, domain: &mut MapResource) {
    let message = fields.get("domainNameStatusMessage").and_then(plain).filter(|message| !message.is_empty());
    domain.noted.extend(message.map(|message| ("status_message".to_owned(), printable(&message))));
}

fn of_newer(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut domain = MapResource::new(fields.required("domainName")?);
    domain.arn = fields.text("domainNameArn").map(str::to_owned);
    let first =
        fields.get("domainNameConfigurations").and_then(|all| all.as_array()?.first()).and_then(Value::as_object);
    if let Some(of) = first {
        note_message(Fields::new(API, of), &mut domain);
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
