//! EBS volumes: used where they are attached.

use account::inventory::{Resource, Usage};
use model::call_failure::CallFailure;

use super::look::Look;

pub(super) const CALLS: &[&str] = &["ec2:DescribeVolumes"];

/// Attached to nothing: <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html>
const AVAILABLE: &str = "available";

pub(super) async fn read(look: &Look<'_>) -> Result<Vec<Resource>, CallFailure> {
    let volumes = look.account.resources.volumes().await?;
    let resource = |volume: aws::resources::Volume| Resource {
        name: volume.tags.get("Name").cloned(),
        note: volume.gb.map(|gb| format!("{gb} GB")).unwrap_or_default(),
        monthly_usd: volume.gb.and_then(|gb| look.monthly("volume", &volume.class, gb)),
        usage: if volume.state == AVAILABLE { look.idle_since_seen(&volume.id, "has been attached to nothing") } else { Usage::Used },
        id: volume.id,
        class: volume.class,
        state: volume.state,
        created: volume.created,
        tags: volume.tags,
    };
    Ok(volumes.into_iter().map(resource).collect())
}
