//! What single items of the SDK's answers mean. A field that must be there and is not, or cannot be converted, makes
//! the whole answer unreadable: left out, it would be taken for nothing.

use aws_sdk_cloudwatch::types::Datapoint;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LogGroup as SdkLogGroup, LogGroupClass};
use aws_sdk_costexplorer::types::Group;
use aws_sdk_lambda::types::{Architecture, FunctionConfiguration, LoggingConfig, ProvisionedConcurrencyConfigListItem};
use billing::day_cost::DayCost;
use chrono::{DateTime, Utc};
use model::money::{Money, entering, kept};
use rust_decimal::Decimal;

use super::{
    BilledGroup, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, MetricDatapoint, ProvisionedConcurrency,
};

/// Dimensions and metrics of Cost Explorer, as its API names them.
pub(super) const SERVICE: &str = "SERVICE";
pub(super) const RECORD_TYPE: &str = "RECORD_TYPE";
pub(super) const USAGE_TYPE: &str = "USAGE_TYPE";
pub(super) const QUANTITY: &str = "UsageQuantity";

/// One group of a day. `keys` names what its keys are of.
pub(super) fn billed(group: &Group, keys: &[&str], metric: &str) -> Result<BilledGroup, String> {
    let of = |key: &str| keys.iter().zip(group.keys()).find(|(name, _)| **name == key).map(|(_, value)| value.clone());
    let service = of(SERVICE).ok_or("a group without a service")?;
    // Left out, what it was grouped by would be taken for another record type, or for no usage type at all.
    if let Some(missing) = keys.iter().find(|key| of(key).is_none()) {
        return Err(format!("a group of {service} without its {missing}"));
    }
    let figures =
        group.metrics().and_then(|metrics| metrics.get(metric)).ok_or_else(|| format!("no {metric} for {service}"))?;
    let quantity = group.metrics().and_then(|metrics| metrics.get(QUANTITY));
    let quantity = quantity.and_then(|quantity| quantity.amount().zip(quantity.unit().filter(|unit| *unit != "N/A")));
    // A quantity can be in bytes, and is then far larger than an amount.
    let counted = |amount: &str| kept(decimal(amount)?).map_err(|error| error.to_string());
    let quantity = quantity.map(|(amount, unit)| Ok::<_, String>((counted(amount)?, unit.to_owned())));
    let quantity = quantity.transpose().map_err(|why| format!("{why} (the quantity of {service})"))?;
    let amount = figures.amount().ok_or_else(|| format!("no amount of {metric} for {service}"))?;
    let currency = figures
        .unit()
        .filter(|unit| !unit.is_empty())
        .ok_or_else(|| format!("no currency of {metric} for {service}"))?;
    let of_service = |why: String| format!("{why} ({metric} of {service})");
    Ok(BilledGroup {
        money: Money { amount: exact(amount).map_err(of_service)?, currency: currency.to_owned() },
        record_type: of(RECORD_TYPE).unwrap_or_else(|| DayCost::USAGE.to_owned()),
        usage_type: of(USAGE_TYPE).unwrap_or_default(),
        quantity,
        service,
    })
}

fn exact(amount: &str) -> Result<Decimal, String> {
    entering(decimal(amount)?).map_err(|error| error.to_string())
}

fn decimal(amount: &str) -> Result<Decimal, String> {
    let decimal = amount.parse::<Decimal>().or_else(|_| Decimal::from_scientific(amount));
    decimal.map_err(|_| format!("`{amount}` is not an amount"))
}

pub(super) fn log_group(group: &SdkLogGroup) -> Result<LogGroup, String> {
    let name = group.log_group_name().ok_or("a log group without a name")?;
    let retention = group
        .retention_in_days()
        .map(|days| u32::try_from(days).map_err(|_| format!("`{days}` days of retention of {name}")));
    Ok(LogGroup {
        name: name.to_owned(),
        retention_days: retention.transpose()?,
        stored_bytes: group
            .stored_bytes()
            .map(|bytes| u64::try_from(bytes).map_err(|_| format!("`{bytes}` stored bytes of {name}")))
            .transpose()?,
        created: group
            .creation_time()
            .map(|at| {
                DateTime::from_timestamp_millis(at).ok_or_else(|| format!("`{at}` as the creation time of {name}"))
            })
            .transpose()?,
        class: group.log_group_class().and_then(|class| match class {
            LogGroupClass::InfrequentAccess => Some(LogClass::InfrequentAccess),
            LogGroupClass::Delivery => Some(LogClass::Delivery),
            _ => None,
        }),
    })
}

pub(super) fn log_event(event: &FilteredLogEvent) -> Result<LogEvent, String> {
    Ok(LogEvent {
        stream: event.log_stream_name().ok_or("an event without a log stream")?.to_owned(),
        at_ms: event.timestamp().ok_or("an event without a time")?,
        id: event.event_id().filter(|id| !id.is_empty()).map(str::to_owned),
        message: event.message().ok_or("an event without a message")?.to_owned(),
    })
}

pub(super) fn function_settings(function: &FunctionConfiguration) -> Result<LambdaFunctionSettings, String> {
    let name = function.function_name().ok_or("a function without a name")?;
    let memory = function.memory_size().and_then(|memory| u32::try_from(memory).ok());
    Ok(LambdaFunctionSettings {
        name: name.to_owned(),
        memory_mb: memory.ok_or_else(|| format!("no memory size of {name}"))?,
        arm64: function.architectures().contains(&Architecture::Arm64),
        log_group: function
            .logging_config()
            .and_then(LoggingConfig::log_group)
            .filter(|group| !group.is_empty())
            .map(str::to_owned),
        modified: function.last_modified().map(|text| lambda_time(text, name)).transpose()?,
    })
}

pub(super) fn provisioned(config: &ProvisionedConcurrencyConfigListItem) -> Result<ProvisionedConcurrency, String> {
    let qualifier = config
        .function_arn()
        .and_then(|arn| arn.rsplit_once(':'))
        .map(|(_, qualifier)| qualifier)
        .ok_or("a configuration without a qualifier")?;
    let environments = config.requested_provisioned_concurrent_executions().and_then(|count| u32::try_from(count).ok());
    Ok(ProvisionedConcurrency {
        qualifier: qualifier.to_owned(),
        environments: environments.ok_or_else(|| format!("no number of environments of {qualifier}"))?,
        state: config
            .status()
            .map(|status| status.as_str().to_owned())
            .ok_or_else(|| format!("no state of {qualifier}"))?,
        changed: config.last_modified().map(|text| lambda_time(text, qualifier)).transpose()?,
    })
}

/// Lambda writes the offset without a colon, 2024-12-20T01:02:03.000+0000; what stands in for it may write it as usual.
fn lambda_time(text: &str, of: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_str(text, "%FT%T%.f%z")
        .or_else(|_| DateTime::parse_from_rfc3339(text))
        .map(Into::into)
        .map_err(|_| format!("`{text}` as the time {of} was changed"))
}

pub(super) fn point(point: &Datapoint) -> Result<MetricDatapoint, String> {
    let at = point.timestamp().and_then(|at| DateTime::from_timestamp(at.secs(), 0)).ok_or("a point without a time")?;
    let figure = |name: &str, figure: Option<f64>| {
        figure.filter(|figure| figure.is_finite()).ok_or_else(|| format!("no {name} in the point of {at}"))
    };
    Ok(MetricDatapoint {
        at,
        sum: figure("sum", point.sum())?,
        maximum: figure("maximum", point.maximum())?,
        average: figure("average", point.average())?,
    })
}

#[cfg(test)]
mod tests;
