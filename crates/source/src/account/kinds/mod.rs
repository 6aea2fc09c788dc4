//! The kinds of the map: each is one file and one line in the table below.

mod arn;
pub(super) mod certificates;
pub(super) mod dns_records;
pub(super) mod dns_zones;
pub(super) mod domain_mappings;
pub(super) mod domain_names;
mod event_rules;
mod event_source_mappings;
pub(super) mod function_aliases;
pub(super) mod function_concurrency;
pub(super) mod function_policies;
pub(super) mod function_urls;
pub(super) mod functions;
pub(super) mod http_apis;
pub(super) mod http_integrations;
pub(super) mod http_routes;
pub(super) mod http_stages;
pub(super) mod lambda_limits;
mod log_groups;
pub(super) mod rest_apis;
pub(super) mod rest_integrations;
pub(super) mod rest_stages;
mod rule_targets;
mod schedules;
pub(super) mod secrets;

use account::map::{MapKind, MapSnapshot};

use super::asked::MapStop;
use super::context::MapContext;

macro_rules! kinds {
    ($($module:ident: $kind:ident),* $(,)?) => {
        /// The calls that a kind makes, as an IAM policy names them.
        pub(super) fn calls_of(kind: MapKind) -> &'static [&'static str] {
            match kind { $(MapKind::$kind => $module::CALLS),* }
        }

        /// Everything of a kind.
        pub(super) async fn read(kind: MapKind, look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
            match kind { $(MapKind::$kind => $module::read(look).await),* }
        }
    };
}

kinds! {
    secrets: Secret,
    functions: Function,
    log_groups: LogGroup,
    rest_apis: RestApi,
    rest_stages: RestStage,
    http_apis: HttpApi,
    http_stages: HttpStage,
    domain_names: DomainName,
    domain_mappings: DomainMapping,
    event_rules: EventRule,
    event_source_mappings: EventSourceMapping,
    certificates: Certificate,
    dns_zones: DnsZone,
    lambda_limits: LambdaLimit,
    rest_integrations: RestIntegration,
    http_routes: HttpRoute,
    http_integrations: HttpIntegration,
    rule_targets: RuleTarget,
    schedules: Schedule,
    dns_records: DnsRecord,
    function_policies: FunctionPolicy,
    function_urls: FunctionUrl,
    function_aliases: FunctionAlias,
    function_concurrency: FunctionConcurrency,
}
