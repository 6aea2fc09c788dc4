//! What Lambda reads for functions: queues, streams, topics.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA};

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, sorted};

pub(in crate::account) const CALLS: &[&str] = &["lambda:ListEventSourceMappings"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let call = |token: Option<String>| {
        let path = "/2015-03-31/event-source-mappings".to_owned();
        DescribeCall::get(&LAMBDA, "lambda:ListEventSourceMappings", path, "the region's event source mappings")
            .with("MaxItems", Some("100"))
            .with("Marker", token)
    };
    let found = look.list(Listed::new("EventSourceMappings", "NextMarker"), call).await?;
    let all = found.iter().map(mapping).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::EventSourceMapping, all))
}

fn mapping(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("lambda:ListEventSourceMappings", of);
    let mut mapping = MapResource::new(fields.required("UUID")?);
    mapping.arn = fields.text("EventSourceMappingArn").map(str::to_owned);
    fields.set(
        &mut mapping,
        &[
            ("function", "FunctionArn"),
            ("source", "EventSourceArn"),
            ("state", "State"),
            ("batch_size", "BatchSize"),
            ("batching_window_seconds", "MaximumBatchingWindowInSeconds"),
            ("parallelization", "ParallelizationFactor"),
            ("retries", "MaximumRetryAttempts"),
            ("max_age_seconds", "MaximumRecordAgeInSeconds"),
            ("bisect_on_error", "BisectBatchOnFunctionError"),
            ("tumbling_window_seconds", "TumblingWindowInSeconds"),
            ("starting_position", "StartingPosition"),
        ],
    );
    fields.set_by(&mut mapping, "response_types", "FunctionResponseTypes", sorted);
    fields.set_by(&mut mapping, "topics", "Topics", sorted);
    fields.set_by(&mut mapping, "queues", "Queues", sorted);
    fields.set_by(&mut mapping, "filters", "FilterCriteria", |filters| Some(filters.to_string()));
    fields.set_in(&mut mapping, "ScalingConfig", &[("max_concurrency", "MaximumConcurrency")]);
    if let Some(failed) = fields.at("DestinationConfig") {
        failed.set_in(&mut mapping, "OnFailure", &[("on_failure", "Destination")]);
    }
    Ok(mapping)
}
