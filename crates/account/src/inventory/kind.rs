//! The kinds of resources.

use serde::{Deserialize, Serialize};

/// The kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// RDS instances.
    RdsInstance,
    /// NAT gateways.
    NatGateway,
    /// Application, network and gateway load balancers.
    LoadBalancer,
    /// Elastic IP addresses.
    Address,
    /// EBS volumes.
    Volume,
    /// Provisioned concurrency of a function's version or alias.
    ProvisionedConcurrency,
    /// Log groups of CloudWatch Logs.
    LogGroup,
}

impl ResourceKind {
    /// Each kind with its word in the configuration.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("rds_instances", Self::RdsInstance),
        ("nat_gateways", Self::NatGateway),
        ("load_balancers", Self::LoadBalancer),
        ("addresses", Self::Address),
        ("volumes", Self::Volume),
        ("provisioned_concurrency", Self::ProvisionedConcurrency),
        ("log_groups", Self::LogGroup),
    ];

    /// Its name for one resource, in JSON and in subjects.
    pub fn word(self) -> &'static str {
        match self {
            Self::RdsInstance => "rds_instance",
            Self::NatGateway => "nat_gateway",
            Self::LoadBalancer => "load_balancer",
            Self::Address => "address",
            Self::Volume => "volume",
            Self::ProvisionedConcurrency => "provisioned_concurrency",
            Self::LogGroup => "log_group",
        }
    }

    /// One of them, for people.
    pub fn noun(self) -> &'static str {
        match self {
            Self::RdsInstance => "RDS instance",
            Self::NatGateway => "NAT gateway",
            Self::LoadBalancer => "Load balancer",
            Self::Address => "Elastic IP address",
            Self::Volume => "EBS volume",
            Self::ProvisionedConcurrency => "Provisioned concurrency of",
            Self::LogGroup => "Log group",
        }
    }

    /// Several of them, for people, in the middle of a sentence.
    pub fn plural(self) -> &'static str {
        match self {
            Self::RdsInstance => "RDS instances",
            Self::NatGateway => "NAT gateways",
            Self::LoadBalancer => "load balancers",
            Self::Address => "Elastic IP addresses",
            Self::Volume => "EBS volumes",
            Self::ProvisionedConcurrency => "provisioned concurrency",
            Self::LogGroup => "log groups",
        }
    }

    /// The service that charges for it, by its name on the bill: Cost Explorer's dimension SERVICE.
    pub fn service(self) -> &'static str {
        match self {
            Self::RdsInstance => "Amazon Relational Database Service",
            Self::NatGateway | Self::Volume => "EC2 - Other",
            Self::LoadBalancer => "Amazon Elastic Load Balancing",
            Self::Address => "Amazon Virtual Private Cloud",
            Self::ProvisionedConcurrency => "AWS Lambda",
            Self::LogGroup => "AmazonCloudWatch",
        }
    }
}
