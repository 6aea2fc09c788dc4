//! Resources that can be idle, as the describe calls of RDS, EC2 and Elastic Load Balancing return them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// An RDS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DbInstance {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// Its ARN; empty if unknown.
    pub arn: String,
    /// Such as `db.t4g.micro`.
    pub class: String,
    /// Such as `postgres`.
    pub engine: String,
    /// Such as `available` or `stopped`.
    pub state: String,
    /// Such as `gp2`.
    pub storage_type: String,
    /// Allocated, in GiB; `None` if unknown.
    pub storage_gb: Option<u32>,
    /// Whether it has a standby in another zone; `None` if unknown.
    pub multi_az: Option<bool>,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
    /// Its tags.
    pub tags: Tags,
}

/// A NAT gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NatGateway {
    /// `nat-...`.
    pub id: String,
    /// Such as `available`; one that is gone is listed as `deleted` for about an hour.
    pub state: String,
    /// `public` or `private`.
    pub connectivity: String,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
    /// Its tags.
    pub tags: Tags,
}

/// A load balancer of the second generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `application`, `network` or `gateway`.
    pub class: String,
    /// Such as `active`.
    pub state: String,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
}

/// An Elastic IP address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElasticIp {
    /// `eipalloc-...`.
    pub id: String,
    /// The address itself.
    pub ip: String,
    /// Whether it belongs to anything.
    pub attached: bool,
    /// Its tags.
    pub tags: Tags,
}

/// An EBS volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EbsVolume {
    /// `vol-...`.
    pub id: String,
    /// Such as `gp3`.
    pub class: String,
    /// In GiB; `None` if unknown.
    pub gb: Option<u32>,
    /// `in-use`, or `available` where it is attached to nothing.
    pub state: String,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
    /// Its tags.
    pub tags: Tags,
}

/// RDS, EC2 and Elastic Load Balancing, as far as they describe. Each call gives all pages.
#[async_trait]
pub trait ResourcesApi: Send + Sync {
    /// `rds:DescribeDBInstances`.
    async fn db_instances(&self) -> Result<Vec<DbInstance>, CallFailure>;

    /// `ec2:DescribeNatGateways`.
    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CallFailure>;

    /// `ec2:DescribeAddresses`.
    async fn addresses(&self) -> Result<Vec<ElasticIp>, CallFailure>;

    /// `ec2:DescribeVolumes`.
    async fn volumes(&self) -> Result<Vec<EbsVolume>, CallFailure>;

    /// `elasticloadbalancing:DescribeLoadBalancers`.
    async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, CallFailure>;

    /// `elasticloadbalancing:DescribeTargetGroups`: the ARNs of the groups behind a load balancer.
    async fn target_groups(&self, load_balancer: &str) -> Result<Vec<String>, CallFailure>;

    /// `elasticloadbalancing:DescribeTargetHealth`: how many targets are registered with a group.
    async fn targets(&self, group: &str) -> Result<usize, CallFailure>;
}
