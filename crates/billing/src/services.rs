//! The names of services on the bill, as Cost Explorer spells them, for the codes that CUR 2.0 and CloudWatch have
//! instead. The table is Rust, so that it cannot fail to load.

/// Codes of `line_item_product_code` in CUR 2.0 and of the dimension `ServiceName` of the metric `EstimatedCharges`,
/// with the names of Cost Explorer's dimension `SERVICE`, by code. The price lists of AWS
/// (<https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json>) have the same codes.
const NAMES: &[(&str, &str)] = &[
    ("AWSAmplify", "AWS Amplify"),
    ("AWSAppRunner", "AWS App Runner"),
    ("AWSAppSync", "AWS AppSync"),
    ("AWSBackup", "AWS Backup"),
    ("AWSCertificateManager", "AWS Certificate Manager"),
    ("AWSCloudFormation", "AWS CloudFormation"),
    ("AWSCloudTrail", "AWS CloudTrail"),
    ("AWSCodeArtifact", "AWS CodeArtifact"),
    ("AWSCodePipeline", "AWS CodePipeline"),
    ("AWSConfig", "AWS Config"),
    ("AWSCostExplorer", "AWS Cost Explorer"),
    ("AWSDataTransfer", "AWS Data Transfer"),
    ("AWSELB", "Amazon Elastic Load Balancing"),
    ("AWSEvents", "CloudWatch Events"),
    ("AWSGlue", "AWS Glue"),
    ("AWSIoT", "AWS IoT"),
    ("AWSLambda", "AWS Lambda"),
    ("AWSQueueService", "Amazon Simple Queue Service"),
    ("AWSSecretsManager", "AWS Secrets Manager"),
    ("AWSSecurityHub", "AWS Security Hub"),
    ("AWSStepFunctions", "AWS Step Functions"),
    ("AWSSupportBusiness", "AWS Support (Business)"),
    ("AWSSupportDeveloper", "AWS Support (Developer)"),
    ("AWSSystemsManager", "AWS Systems Manager"),
    ("AWSXRay", "AWS X-Ray"),
    ("AmazonApiGateway", "Amazon API Gateway"),
    ("AmazonAthena", "Amazon Athena"),
    ("AmazonBedrock", "Amazon Bedrock"),
    ("AmazonCloudFront", "Amazon CloudFront"),
    ("AmazonCloudWatch", "AmazonCloudWatch"),
    ("AmazonCognito", "Amazon Cognito"),
    ("AmazonDynamoDB", "Amazon DynamoDB"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud - Compute"),
    ("AmazonECR", "Amazon EC2 Container Registry (ECR)"),
    ("AmazonECS", "Amazon Elastic Container Service"),
    ("AmazonEFS", "Amazon Elastic File System"),
    ("AmazonEKS", "Amazon Elastic Container Service for Kubernetes"),
    ("AmazonES", "Amazon OpenSearch Service"),
    ("AmazonElastiCache", "Amazon ElastiCache"),
    ("AmazonGlacier", "Amazon Glacier"),
    ("AmazonGuardDuty", "Amazon GuardDuty"),
    ("AmazonInspectorV2", "Amazon Inspector"),
    ("AmazonKinesis", "Amazon Kinesis"),
    ("AmazonKinesisFirehose", "Amazon Kinesis Firehose"),
    ("AmazonLightsail", "Amazon Lightsail"),
    ("AmazonMSK", "Amazon Managed Streaming for Apache Kafka"),
    ("AmazonRDS", "Amazon Relational Database Service"),
    ("AmazonRedshift", "Amazon Redshift"),
    ("AmazonRegistrar", "Amazon Registrar"),
    ("AmazonRoute53", "Amazon Route 53"),
    ("AmazonS3", "Amazon Simple Storage Service"),
    ("AmazonSES", "Amazon Simple Email Service"),
    ("AmazonSNS", "Amazon Simple Notification Service"),
    ("AmazonSageMaker", "Amazon SageMaker"),
    ("AmazonStates", "AWS Step Functions"),
    ("AmazonVPC", "Amazon Virtual Private Cloud"),
    ("AmazonWorkMail", "AmazonWorkMail"),
    ("CodeBuild", "CodeBuild"),
    ("awskms", "AWS Key Management Service"),
    ("awswaf", "AWS WAF"),
];

/// Codes under which `EstimatedCharges` counts what the bill lists under several services: `AmazonEC2` counts instances
/// and what the bill calls `EC2 - Other` together, and `AWSDataTransfer` counts what the bill books to each service
/// that sent it.
const SPREAD: [&str; 2] = ["AWSDataTransfer", "AmazonEC2"];

fn known(code: &str) -> Option<&'static str> {
    let at = NAMES.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
    NAMES.get(at).map(|(_, name)| *name)
}

/// The name on the bill of the service that `EstimatedCharges` counts under a code such as `AWSLambda`. `None` for a
/// code that is not known, or that counts more than one service of the bill.
pub fn of_estimated_charges(code: &str) -> Option<&'static str> {
    known(code).filter(|_| !SPREAD.contains(&code))
}

/// The name on the bill of a product code of CUR 2.0. A code that is not known stays as it is.
///
/// Cost Explorer lists EC2 charges other than instance hours (volumes, addresses, NAT gateways, traffic) as a separate
/// service, `EC2 - Other`; the usage type distinguishes the two.
pub fn of_product<'a>(code: &'a str, usage_type: &str) -> &'a str {
    if code == "AmazonEC2" && !is_compute(usage_type) {
        return "EC2 - Other";
    }
    known(code).unwrap_or(code)
}

/// Whether a usage type of EC2, with or without a region in front, is of the hours of instances.
fn is_compute(usage_type: &str) -> bool {
    let of_instances = [
        "BoxUsage",
        "SpotUsage",
        "HeavyUsage",
        "DedicatedUsage",
        "HostUsage",
        "HostBoxUsage",
        "ReservedHostUsage",
        "UnusedBox",
        "UnusedDed",
        "EBSOptimized",
    ];
    let bare = usage_type.split_once('-').map_or(usage_type, |(_, rest)| rest);
    usage_type.is_empty() || of_instances.iter().any(|start| bare.starts_with(start) || usage_type.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_bill() {
        assert!(NAMES.is_sorted_by(|(one, _), (other, _)| one < other), "they are searched by code");
        for (code, usage_type, expected) in [
            ("AmazonRDS", "APN2-InstanceUsage:db.t3.micro", "Amazon Relational Database Service"),
            ("AWSLambda", "APN2-Lambda-GB-Second", "AWS Lambda"),
            ("AmazonEC2", "APN2-BoxUsage:t3.micro", "Amazon Elastic Compute Cloud - Compute"),
            ("AmazonEC2", "BoxUsage:t3.micro", "Amazon Elastic Compute Cloud - Compute"),
            ("AmazonEC2", "APN2-EBS:VolumeUsage.gp3", "EC2 - Other"),
            ("AmazonEC2", "NatGateway-Hours", "EC2 - Other"),
            ("awskms", "", "AWS Key Management Service"),
            ("AWSEvents", "", "CloudWatch Events"),
            ("AmazonES", "", "Amazon OpenSearch Service"),
            ("SomethingNew", "x", "SomethingNew"),
        ] {
            assert_eq!(of_product(code, usage_type), expected, "{code} {usage_type}");
        }
    }

    #[test]
    fn a_code_of_estimated_charges_is_one_service_of_the_bill_or_none() {
        for (code, name) in [
            ("AWSLambda", Some("AWS Lambda")),
            ("AmazonRDS", Some("Amazon Relational Database Service")),
            ("AmazonCloudWatch", Some("AmazonCloudWatch")),
            ("AmazonBedrock", Some("Amazon Bedrock")),
            ("AmazonEC2", None),
            ("AWSDataTransfer", None),
            ("", None),
        ] {
            assert_eq!(of_estimated_charges(code), name, "{code}");
        }
        assert!(SPREAD.iter().all(|code| known(code).is_some()), "a code that is spread is one of the table");
    }
}
