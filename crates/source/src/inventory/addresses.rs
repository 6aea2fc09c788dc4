//! Elastic IP addresses: in use if associated. They are billed either way.

use account::inventory::{Resource, ResourceUsage};
use model::call_failure::CallFailure;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &["ec2:DescribeAddresses"];

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let addresses = look.account.resources.addresses().await?;
    let resource = |address: aws::resources::ElasticIp| Resource {
        name: address.tags.get("Name").cloned(),
        class: String::new(),
        note: address.ip,
        state: String::new(),
        created: None,
        monthly_usd: look.monthly("address", "", 1),
        usage: if address.attached {
            ResourceUsage::Used
        } else {
            look.idle_since_seen(&address.id, "has not been associated")
        },
        id: address.id,
        tags: address.tags,
    };
    Ok(addresses.into_iter().map(resource).collect())
}
