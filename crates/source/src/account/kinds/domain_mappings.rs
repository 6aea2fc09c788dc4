//! What domain names map their paths to: by the newer interface, or by the older one where only that has the name.

use std::collections::BTreeSet;

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;

use super::domain_names::{newer, older};
use super::rest_apis::API;
use super::{http_apis, rest_apis};
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject};

pub(in crate::account) const CALLS: &[&str] = &[API];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let names = |all: &[JsonObject]| -> Result<BTreeSet<String>, MapStop> {
        all.iter().map(|of| Ok(Fields::new(API, of).required("domainName")?.to_owned())).collect()
    };
    let newer = names(&newer(look).await?)?;
    let older = names(&older(look).await?)?;
    let mut all = Vec::new();
    for domain in newer.union(&older) {
        let is_new = newer.contains(domain);
        all.extend(of_one(look, domain, is_new).await?);
    }
    Ok(look.snapshot(MapKind::DomainMapping, all))
}

/// The mappings of one domain name; none if it is gone.
pub(in crate::account) async fn of_one(
    look: &MapContext<'_>,
    domain: &str,
    is_new: bool,
) -> Result<Vec<MapResource>, MapStop> {
    let found = if is_new {
        let path = format!("/v2/domainnames/{}/apimappings", in_path(domain));
        look.list(http_apis::LISTED, |token| http_apis::page(path.clone(), domain, token)).await
    } else {
        let path = format!("/domainnames/{}/basepathmappings", in_path(domain));
        look.list(rest_apis::LISTED, |token| rest_apis::page(path.clone(), domain, token)).await
    };
    match found {
        Ok(found) => found.iter().map(|of| mapping(domain, is_new, of)).collect(),
        Err(stop) if stop.is_absent() => Ok(vec![]),
        Err(stop) => Err(stop),
    }
}

fn mapping(domain: &str, is_new: bool, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let (path, api) = if is_new { ("apiMappingKey", "apiId") } else { ("basePath", "restApiId") };
    // AWS writes `(none)` for the whole domain, or nothing.
    let path = fields.text(path).filter(|path| *path != "(none)").unwrap_or_default();
    let mut mapping = MapResource::new(format!("{domain}/{path}"));
    mapping.of = Some(domain.to_owned());
    let api = fields.required(api)?;
    let stage = fields.text("stage").unwrap_or_default();
    mapping.set("stage", format!("{api}/{stage}"));
    Ok(mapping)
}
