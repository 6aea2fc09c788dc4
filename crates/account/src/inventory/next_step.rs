//! What to do about an idle resource.

use super::kind::ResourceKind;
use super::resource::Resource;

/// What to do with an idle resource, with the exact command. Commands keep a snapshot of data.
pub fn next_step(kind: ResourceKind, resource: &Resource, region: &str) -> String {
    let id = quoted(&resource.id);
    let region = if region.is_empty() { String::new() } else { format!(" --region {}", quoted(region)) };
    match kind {
        ResourceKind::RdsInstance => format!(
            "If it is not needed, delete it and keep a final snapshot: `aws rds delete-db-instance{region} --db-instance-identifier {id} --final-db-snapshot-identifier {}`. The storage of the snapshot is billed until you delete it.",
            quoted(&format!("{}-last", resource.id))
        ),
        ResourceKind::NatGateway => format!(
            "If no subnet needs internet access through it, delete it, then release its address: `aws ec2 delete-nat-gateway{region} --nat-gateway-id {id}`. Routes that point to it remain with the state blackhole."
        ),
        ResourceKind::LoadBalancer => {
            format!(
                "If it is not needed, delete it: `aws elbv2 delete-load-balancer{region} --load-balancer-arn {id}`."
            )
        }
        ResourceKind::Address => {
            format!(
                "If no DNS record points to it, release it: `aws ec2 release-address{region} --allocation-id {id}`. You cannot get the same address again."
            )
        }
        ResourceKind::Volume => format!(
            "Create a snapshot (`aws ec2 create-snapshot{region} --volume-id {id}`), wait until it is completed, then run `aws ec2 delete-volume{region} --volume-id {id}`."
        ),
        ResourceKind::ProvisionedConcurrency => {
            let (function, qualifier) = resource.id.rsplit_once(':').unwrap_or((&resource.id, ""));
            format!(
                "If it is not needed, delete it: `aws lambda delete-provisioned-concurrency-config{region} --function-name {} --qualifier {}`.",
                quoted(function),
                quoted(qualifier)
            )
        }
        ResourceKind::LogGroup => format!(
            "Set a retention period; older events are then deleted: `aws logs put-retention-policy{region} --log-group-name {id} --retention-in-days 30`."
        ),
    }
}

/// A word that a shell takes as one.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
