//! What to do about an idle resource.

use super::kind::ResourceKind;
use super::resource::Resource;

/// What to do with a thing that nobody uses, with the exact command. Whatever holds data is kept in a snapshot first.
pub fn next_step(kind: ResourceKind, resource: &Resource, region: &str) -> String {
    let id = quoted(&resource.id);
    let region = if region.is_empty() { String::new() } else { format!(" --region {}", quoted(region)) };
    match kind {
        ResourceKind::RdsInstance => format!(
            "If nobody needs it, delete it and keep a last snapshot: `aws rds delete-db-instance{region} --db-instance-identifier {id} --final-db-snapshot-identifier {}`. The snapshot costs its storage until it is deleted too.",
            quoted(&format!("{}-last", resource.id))
        ),
        ResourceKind::NatGateway => format!(
            "If nothing behind it needs the internet, delete it, then release its address: `aws ec2 delete-nat-gateway{region} --nat-gateway-id {id}`. Routes that point to it stay behind as blackholes."
        ),
        ResourceKind::LoadBalancer => {
            format!("If nothing is to be reached through it, delete it: `aws elbv2 delete-load-balancer{region} --load-balancer-arn {id}`.")
        }
        ResourceKind::Address => {
            format!("If no record points to it, give it back: `aws ec2 release-address{region} --allocation-id {id}`. The same address does not come back.")
        }
        ResourceKind::Volume => format!(
            "Keep a snapshot (`aws ec2 create-snapshot{region} --volume-id {id}`), wait until it is completed, then `aws ec2 delete-volume{region} --volume-id {id}`."
        ),
        ResourceKind::ProvisionedConcurrency => {
            let (function, qualifier) = resource.id.rsplit_once(':').unwrap_or((&resource.id, ""));
            format!(
                "If nobody is to call it, take it back: `aws lambda delete-provisioned-concurrency-config{region} --function-name {} --qualifier {}`.",
                quoted(function),
                quoted(qualifier)
            )
        }
        ResourceKind::LogGroup => format!(
            "Say how long its events are to be kept; older ones are deleted then: `aws logs put-retention-policy{region} --log-group-name {id} --retention-in-days 30`."
        ),
    }
}

/// A word that a shell takes as one.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
