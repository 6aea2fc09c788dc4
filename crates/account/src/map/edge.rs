//! Edges between resources. They follow from the settings, so a change of an edge is a change of a setting.

use serde::{Deserialize, Serialize};

use super::kind::MapKind;
use super::resource::MapResource;

/// What an edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The first is a part of the second: a stage of an API.
    PartOf,
    /// The first calls the second: an integration, rule, schedule or event source mapping a function.
    Calls,
    /// A mapping leads to a stage.
    Stage,
    /// A route uses an integration.
    Integration,
    /// A function writes to a log group.
    LogGroup,
    /// The first acts as a role.
    Role,
    /// A function is in a subnet.
    Subnet,
    /// The environment of a function names a secret.
    Secret,
    /// Events come from there.
    EventSource,
    /// Events that failed go there.
    DeadLetter,
    /// A domain name uses a certificate.
    Certificate,
    /// A certificate is for a name.
    Name,
    /// A record points there.
    Record,
}

/// An edge from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MapEdge {
    /// What it means.
    pub kind: EdgeKind,
    /// The key of the resource it leads from: `function/backend`.
    pub from: String,
    /// What it leads to: an ARN where there is one, else a key of the map, a name or an id.
    pub to: String,
}

/// The settings that name other resources; several are separated by `, `.
const EDGES: &[(MapKind, &str, EdgeKind)] = &[
    (MapKind::Function, "log_group", EdgeKind::LogGroup),
    (MapKind::Function, "role", EdgeKind::Role),
    (MapKind::Function, "subnets", EdgeKind::Subnet),
    (MapKind::Function, "secrets", EdgeKind::Secret),
    (MapKind::Function, "secrets_by_name", EdgeKind::Secret),
    (MapKind::Function, "dead_letter", EdgeKind::DeadLetter),
    (MapKind::EventSourceMapping, "source", EdgeKind::EventSource),
    (MapKind::EventSourceMapping, "function", EdgeKind::Calls),
    (MapKind::RestIntegration, "target", EdgeKind::Calls),
    (MapKind::HttpIntegration, "target", EdgeKind::Calls),
    (MapKind::HttpRoute, "integration", EdgeKind::Integration),
    (MapKind::RuleTarget, "target", EdgeKind::Calls),
    (MapKind::RuleTarget, "role", EdgeKind::Role),
    (MapKind::Schedule, "target", EdgeKind::Calls),
    (MapKind::Schedule, "role", EdgeKind::Role),
    (MapKind::DomainName, "certificate", EdgeKind::Certificate),
    (MapKind::DomainMapping, "stage", EdgeKind::Stage),
    (MapKind::Certificate, "names", EdgeKind::Name),
    (MapKind::DnsRecord, "target", EdgeKind::Record),
];

/// The edges from a resource, in the order of the table above.
pub fn edges(kind: MapKind, resource: &MapResource) -> Vec<MapEdge> {
    let from = resource.key(kind);
    let edge = |kind, to: &str| MapEdge { kind, from: from.clone(), to: to.to_owned() };
    let whole = resource.of.as_ref().zip(kind.whole()).map(|(of, whole)| format!("{}/{of}", whole.word()));
    let named = EDGES.iter().filter(|(of, ..)| *of == kind).flat_map(|(_, setting, means)| {
        let text = resource.setting(setting).unwrap_or_default();
        text.split(", ").filter(|to| !to.is_empty()).map(|to| edge(*means, to)).collect::<Vec<_>>()
    });
    whole.iter().map(|whole| edge(EdgeKind::PartOf, whole)).chain(named).collect()
}

/// The name of the function that an ARN means, with or without a qualifier; `None` if it means something else.
pub fn function_named(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    if parts.next() != Some("arn") {
        return None;
    }
    let (service, kind) = (parts.nth(1)?, parts.nth(2)?);
    if service != "lambda" || kind != "function" {
        return None;
    }
    parts.next().filter(|name| !name.is_empty())
}

/// The functions that a resource is about or leads to, by name, each once.
pub fn functions(kind: MapKind, resource: &MapResource) -> Vec<String> {
    let own = match kind {
        MapKind::Function => Some(resource.id.as_str()),
        MapKind::LogGroup => resource.id.strip_prefix("/aws/lambda/"),
        _ if kind.whole() == Some(MapKind::Function) => resource.of.as_deref(),
        _ => None,
    };
    let mut all: Vec<String> = own.into_iter().map(str::to_owned).collect();
    for edge in edges(kind, resource).into_iter().filter(|edge| edge.kind == EdgeKind::Calls) {
        if let Some(name) = function_named(&edge.to).filter(|name| !all.iter().any(|known| known == name)) {
            all.push(name.to_owned());
        }
    }
    all
}
