//! NAT gateways: in use if they had outgoing traffic.

use account::inventory::{MissingDatapoint, Resource};
use aws::MetricQuery;
use model::call_failure::CallFailure;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &["ec2:DescribeNatGateways", "cloudwatch:GetMetricStatistics"];

/// States in which it is not paid for: <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html>
const NOT_THERE: &[&str] = &["deleted", "failed"];

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let mut all = Vec::new();
    for gateway in look.account.resources.nat_gateways().await? {
        if NOT_THERE.contains(&gateway.state.as_str()) {
            continue;
        }
        // A point for every minute, zero too:
        // <https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html>
        let sent = MetricQuery::new("AWS/NATGateway", "BytesOutToDestination", &[("NatGatewayId", &gateway.id)]);
        let usage = look.use_by_metric(&sent, gateway.created, MissingDatapoint::Unknown, "had no traffic").await?;
        all.push(Resource {
            name: gateway.tags.get("Name").cloned(),
            class: String::new(),
            note: gateway.connectivity,
            monthly_usd: look.monthly("nat_gateway", "", 1),
            usage,
            id: gateway.id,
            state: gateway.state,
            tags: gateway.tags,
            created: gateway.created,
        });
    }
    Ok(all)
}
