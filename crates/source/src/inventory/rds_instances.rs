//! RDS instances: in use if they had connections.

use account::inventory::{MissingDatapoint, Resource, ResourceUsage};
use aws::MetricQuery;
use aws::resources::DbInstance;
use model::call_failure::CallFailure;
use rust_decimal::Decimal;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &["rds:DescribeDBInstances", "cloudwatch:GetMetricStatistics"];

/// While it is stopped only its storage is paid for:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html>
const STOPPED: &str = "stopped";

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let mut all = Vec::new();
    for instance in look.account.resources.db_instances().await? {
        let usage = if instance.state == STOPPED {
            ResourceUsage::Unknown("it is stopped; AWS starts it again after seven days".to_owned())
        } else {
            let connections =
                MetricQuery::new("AWS/RDS", "DatabaseConnections", &[("DBInstanceIdentifier", &instance.id)]);
            look.use_by_metric(&connections, instance.created, MissingDatapoint::Unknown, "had no connections").await?
        };
        all.push(Resource {
            name: None,
            note: note(&instance),
            monthly_usd: price(look, &instance),
            usage,
            id: instance.id,
            class: instance.class,
            state: instance.state,
            tags: instance.tags,
            created: instance.created,
        });
    }
    Ok(all)
}

/// `postgres, 20 GB gp2, single-AZ`.
fn note(instance: &DbInstance) -> String {
    let storage = instance.storage_gb.map(|gb| format!("{gb} GB {}", instance.storage_type)).unwrap_or_default();
    let zones = instance.multi_az.map(|multi| if multi { "multi-AZ" } else { "single-AZ" }).unwrap_or_default();
    [instance.engine.as_str(), storage.trim(), zones]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(", ")
}

/// The table has single-AZ prices; whatever else it is, its price is not known.
fn price(look: &InventoryContext<'_>, instance: &DbInstance) -> Option<Decimal> {
    if instance.multi_az != Some(false) {
        return None;
    }
    let storage = look.monthly("rds_storage", &instance.storage_type, instance.storage_gb?)?;
    if instance.state == STOPPED {
        return Some(storage);
    }
    let running = look.monthly("rds_instance", &format!("{} {}", instance.class, instance.engine), 1)?;
    running.checked_add(storage)
}
