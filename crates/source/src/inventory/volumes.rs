//! EBS volumes: in use if attached.

use account::inventory::{Resource, ResourceUsage};
use model::call_failure::CallFailure;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &["ec2:DescribeVolumes"];

/// Attached to nothing: <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html>
const AVAILABLE: &str = "available";

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let volumes = look.account.resources.volumes().await?;
    let resource = |volume: aws::resources::EbsVolume| Resource {
        name: volume.tags.get("Name").cloned(),
        note: volume.gb.map(|gb| format!("{gb} GB")).unwrap_or_default(),
        monthly_usd: volume.gb.and_then(|gb| look.monthly("volume", &volume.class, gb)),
        usage: if volume.state == AVAILABLE {
            look.idle_since_seen(&volume.id, "has not been attached")
        } else {
            ResourceUsage::Used
        },
        id: volume.id,
        class: volume.class,
        state: volume.state,
        created: volume.created,
        tags: volume.tags,
    };
    Ok(volumes.into_iter().map(resource).collect())
}
