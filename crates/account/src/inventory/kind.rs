//! The kinds of resources.

use serde::{Deserialize, Serialize};

/// Makes the enum and its words from one table, so that a kind without a word does not compile.
macro_rules! kinds {
    ($(
        $(#[$doc:meta])* $kind:ident {
            configured: $configured:literal, word: $word:literal, noun: $noun:literal, plural: $plural:literal, service: $service:literal $(,)?
        }
    )*) => {
        /// The kinds of resources.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ResourceKind {
            $($(#[$doc])* $kind,)*
        }

        impl ResourceKind {
            /// Each kind with its word in the configuration.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($configured, Self::$kind)),*];

            /// Its name for one resource, in JSON and in subjects.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word),* }
            }

            /// One of them, for people.
            pub fn noun(self) -> &'static str {
                match self { $(Self::$kind => $noun),* }
            }

            /// Several of them, for people, in the middle of a sentence.
            pub fn plural(self) -> &'static str {
                match self { $(Self::$kind => $plural),* }
            }

            /// The service that charges for it, by its name on the bill: Cost Explorer's dimension SERVICE.
            pub fn service(self) -> &'static str {
                match self { $(Self::$kind => $service),* }
            }
        }
    };
}

kinds! {
    /// RDS instances.
    RdsInstance {
        configured: "rds_instances", word: "rds_instance", noun: "RDS instance", plural: "RDS instances",
        service: "Amazon Relational Database Service",
    }
    /// NAT gateways.
    NatGateway {
        configured: "nat_gateways", word: "nat_gateway", noun: "NAT gateway", plural: "NAT gateways",
        service: "EC2 - Other",
    }
    /// Application, network and gateway load balancers.
    LoadBalancer {
        configured: "load_balancers", word: "load_balancer", noun: "Load balancer", plural: "load balancers",
        service: "Amazon Elastic Load Balancing",
    }
    /// Elastic IP addresses.
    Address {
        configured: "addresses", word: "address", noun: "Elastic IP address", plural: "Elastic IP addresses",
        service: "Amazon Virtual Private Cloud",
    }
    /// EBS volumes.
    Volume {
        configured: "volumes", word: "volume", noun: "EBS volume", plural: "EBS volumes", service: "EC2 - Other",
    }
    /// Provisioned concurrency of a function's version or alias.
    ProvisionedConcurrency {
        configured: "provisioned_concurrency", word: "provisioned_concurrency", noun: "Provisioned concurrency of",
        plural: "provisioned concurrency", service: "AWS Lambda",
    }
    /// Log groups of CloudWatch Logs.
    LogGroup {
        configured: "log_groups", word: "log_group", noun: "Log group", plural: "log groups",
        service: "AmazonCloudWatch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_the_one_that_json_has() {
        for (_, kind) in ResourceKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("{:?}", kind.word()));
        }
    }
}
