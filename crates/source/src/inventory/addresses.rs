//! Elastic IP addresses: used where they belong to something. They are paid for either way.

use account::inventory::{Resource, Usage};
use model::call_failure::CallFailure;

use super::look::Look;

pub(super) const CALLS: &[&str] = &["ec2:DescribeAddresses"];

pub(super) async fn read(look: &Look<'_>) -> Result<Vec<Resource>, CallFailure> {
    let addresses = look.account.resources.addresses().await?;
    let resource = |address: aws::resources::Address| Resource {
        name: address.tags.get("Name").cloned(),
        class: String::new(),
        note: address.ip,
        state: String::new(),
        created: None,
        monthly_usd: look.monthly("address", "", 1),
        usage: if address.attached { Usage::Used } else { look.idle_since_seen(&address.id, "has belonged to nothing") },
        id: address.id,
        tags: address.tags,
    };
    Ok(addresses.into_iter().map(resource).collect())
}
