//! The path of a request through the account, from the name to the function, as the map has it. It is resolved once;
//! every link of the inside half reads its step.

mod function;
mod gateway;
mod steps;
mod template;

use account::map::{MapKind, MapResource, MapSnapshot};

use crate::looked::{MapLook, PathStep};
use crate::start::ChainStart;

pub use steps::{ApiProtocol, PathApi, PathTarget};

pub(crate) use gateway::{base_path, key as gateway_key};
pub(crate) use template::{below, fit};

/// The path of a request through the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPath {
    /// Where it starts.
    pub start: ChainStart,
    /// The domain name of API Gateway.
    pub domain: PathStep<MapResource>,
    /// All mappings of the domain name.
    pub mappings: PathStep<Vec<MapResource>>,
    /// The mapping that takes the path.
    pub mapping: PathStep<MapResource>,
    /// The API.
    pub api: PathStep<PathApi>,
    /// The stage that is asked for; `None` where nothing names one.
    pub stage_name: Option<String>,
    /// The stage.
    pub stage: PathStep<MapResource>,
    /// The path as the API sees it: without the base path and the stage.
    pub rest: String,
    /// All routes or methods of the API.
    pub routes: PathStep<Vec<MapResource>>,
    /// The route or method that takes the path.
    pub route: PathStep<MapResource>,
    /// What the route calls.
    pub integration: PathStep<MapResource>,
    /// The URL of the function, where the chain starts at one.
    pub url: PathStep<MapResource>,
    /// The function that is called.
    pub target: PathStep<PathTarget>,
    /// The function as it is configured.
    pub function: PathStep<MapResource>,
}

impl ChainPath {
    /// The path of a request by GET to `path` below what it starts with.
    pub fn of(start: ChainStart, path: &str, snapshots: &[MapSnapshot]) -> Self {
        let look = MapLook(snapshots);
        let mut all = Self::new(start, path);
        match all.start.clone() {
            ChainStart::Domain(host) => all.below_name(look, &host, path),
            ChainStart::DefaultEndpoint { api, .. } => {
                all.api = gateway::api(look, &api);
                all.default_stage(look, path);
            }
            ChainStart::FunctionUrl { host, .. } => {
                let is_it = |one: &MapResource| {
                    one.setting("url").is_some_and(|url| url.trim_end_matches('/').ends_with(&format!("//{host}")))
                };
                all.url = look.one(MapKind::FunctionUrl, is_it);
                all.target = all.url.then(function::of_url);
            }
            ChainStart::Function { name, qualifier } => {
                all.target = PathStep::Found(PathTarget { name, qualifier, arn: None });
            }
        }
        if matches!(all.start, ChainStart::Domain(_) | ChainStart::DefaultEndpoint { .. }) {
            all.below_stage(look);
        }
        all.function = all.target.then(|target| look.one(MapKind::Function, |one| one.id == target.name));
        all
    }

    /// A path of which nothing is known: what cannot be part of it is skipped.
    fn new(start: ChainStart, path: &str) -> Self {
        fn step<T>(is_part: bool) -> PathStep<T> {
            if is_part { PathStep::Beyond } else { PathStep::Skipped }
        }
        let by_domain = matches!(start, ChainStart::Domain(_));
        let by_api = by_domain || matches!(start, ChainStart::DefaultEndpoint { .. });
        let by_url = matches!(start, ChainStart::FunctionUrl { .. });
        Self {
            domain: step(by_domain),
            mappings: step(by_domain),
            mapping: step(by_domain),
            api: step(by_api),
            stage_name: None,
            stage: step(by_api),
            rest: path.to_owned(),
            routes: step(by_api),
            route: step(by_api),
            integration: step(by_api),
            url: step(by_url),
            target: PathStep::Beyond,
            function: PathStep::Beyond,
            start,
        }
    }

    fn below_name(&mut self, look: MapLook<'_>, host: &str, path: &str) {
        self.domain = gateway::domain(look, host);
        self.mappings = self.domain.then(|domain| look.parts(MapKind::DomainMapping, &domain.id));
        self.mapping = match &self.mappings {
            PathStep::Unknown(why) => PathStep::Unknown(why.clone()),
            mappings => mappings.then(|mappings| gateway::mapping(mappings, path)),
        };
        let Some(mapping) = self.mapping.found().cloned() else { return };
        self.rest = template::below(path, gateway::base_path(&mapping)).unwrap_or_else(|| path.to_owned());
        let to = mapping.setting("stage").unwrap_or_default();
        let (api, stage) = to.split_once('/').unwrap_or((to, ""));
        self.api = gateway::api(look, api);
        if stage.is_empty() {
            // Such a mapping leaves the stage to the path.
            let rest = self.rest.clone();
            self.default_stage(look, &rest);
        } else {
            self.stage_name = Some(stage.to_owned());
            self.stage = self.api.then(|api| gateway::stage(look, api, stage));
        }
    }

    /// The stage that the first part of a path names.
    fn default_stage(&mut self, look: MapLook<'_>, path: &str) {
        let Some(api) = self.api.found().cloned() else { return };
        let first = template::split_first(path);
        let named = first.as_ref().map(|(name, _)| gateway::stage(look, &api, name));
        if api.protocol == ApiProtocol::Http && !matches!(named, Some(PathStep::Found(_))) {
            self.stage_name = Some(gateway::DEFAULT_STAGE.to_owned());
            self.stage = gateway::stage(look, &api, gateway::DEFAULT_STAGE);
            self.rest = path.to_owned();
            return;
        }
        self.stage = named.unwrap_or(PathStep::Absent);
        if let Some((name, rest)) = first {
            (self.stage_name, self.rest) = (Some(name), rest);
        }
    }

    fn below_stage(&mut self, look: MapLook<'_>) {
        let Some(api) = self.api.found().cloned() else { return };
        self.routes = look.parts(gateway::routes(api.protocol), &api.resource.id);
        self.route = match &self.routes {
            PathStep::Unknown(why) => PathStep::Unknown(why.clone()),
            routes => routes.then(|routes| gateway::route(&api, routes, &self.rest)),
        };
        self.integration = self.route.then(|route| gateway::integration(look, &api, route));
        self.target = self.integration.then(function::of_integration);
    }
}

#[cfg(test)]
mod tests;
