//! The regions of a bill, by its usage types.
//!
//! <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-region-billing-codes.html>

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use model::money::Money;
use serde::{Deserialize, Serialize};

use crate::line::{ChargeCategory, DayCharges};

/// The codes that usage types begin with. They do not follow from the names.
const CODES: &[(&str, &str)] = &[
    ("AFS1", "af-south-1"),
    ("APE1", "ap-east-1"),
    ("APE2", "ap-east-2"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("APS7", "ap-southeast-5"),
    ("APS8", "ap-southeast-6"),
    ("APS9", "ap-southeast-7"),
    ("CAN1", "ca-central-1"),
    ("CAN2", "ca-west-1"),
    ("EU", "eu-west-1"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("ILC1", "il-central-1"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
    ("MXC1", "mx-central-1"),
    ("SAE1", "sa-east-1"),
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
];
/// Services whose usage types begin with areas that are no regions, such as `EU` for Europe.
const WITHOUT_REGIONS: &[&str] = &["Amazon CloudFront", "Amazon Route 53", "AWS Global Accelerator", "AWS Shield"];
/// Services that are always in a region: without a code it is us-east-1.
const IN_REGIONS: &[&str] = &[
    "AWS Lambda",
    "Amazon DynamoDB",
    "Amazon EC2 Container Service",
    "Amazon Elastic Compute Cloud - Compute",
    "Amazon Elastic Container Service",
    "Amazon Elastic Container Service for Kubernetes",
    "Amazon Relational Database Service",
    "Amazon SageMaker",
    "EC2 - Other",
];
/// So long a bill must be known before a region counts as new: some fees come once a month.
const KNOWN_FOR: TimeDelta = TimeDelta::days(31);

/// The region of a charge; `None` if its usage type does not say. A code that this version does not know is its own
/// name.
pub fn region_of<'a>(service: &str, usage_type: &'a str) -> Option<&'a str> {
    if WITHOUT_REGIONS.contains(&service) || usage_type.is_empty() {
        return None;
    }
    let code = usage_type.split('-').next().filter(|code| code.len() < usage_type.len()).unwrap_or_default();
    if let Some((_, region)) = CODES.iter().find(|(known, _)| *known == code) {
        return Some(region);
    }
    let (letters, digit) = code.split_at_checked(3).unwrap_or_default();
    let is_code = letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && matches!(digit.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9']);
    if !letters.is_empty() && is_code {
        return Some(code);
    }
    IN_REGIONS.contains(&service).then_some("us-east-1")
}

/// The first day on which a region was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegionFirstUse {
    /// The region.
    pub region: String,
    /// The first UTC day with usage there.
    pub day: NaiveDate,
    /// What it cost on that day, by service; it may be nothing, within a free tier.
    pub services: BTreeMap<String, Vec<Money>>,
    /// From which UTC day on the bill is known by region.
    pub known_since: NaiveDate,
}

/// The regions that a bill has named so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledRegions {
    /// The first UTC day that was read.
    since: Option<NaiveDate>,
    /// The first UTC day with usage of each region.
    first: BTreeMap<String, NaiveDate>,
}

impl BilledRegions {
    /// Learns from a day, and gives the regions that were never used before it. Days may come more than once.
    pub fn learn(&mut self, charges: &DayCharges) -> Vec<RegionFirstUse> {
        let day = charges.day;
        let since = self.since.map_or(day, |since| since.min(day));
        self.since = Some(since);
        let mut used: BTreeMap<&str, BTreeMap<String, Vec<Money>>> = BTreeMap::new();
        for (key, charged) in &charges.lines {
            let is_used = !charged.amount.is_zero() || charged.quantity.is_some_and(|quantity| !quantity.is_zero());
            if !is_used || ChargeCategory::of_record_type(&key.record_type) != ChargeCategory::Usage {
                continue;
            }
            let Some(region) = region_of(&key.service, &key.usage_type) else { continue };
            let sums = used.entry(region).or_default().entry(key.service.clone()).or_default();
            match sums.iter_mut().find(|sum| sum.currency == key.currency) {
                Some(sum) => sum.amount += charged.amount,
                None => sums.push(Money { amount: charged.amount, currency: key.currency.clone() }),
            }
        }
        let mut new = Vec::new();
        for (region, services) in used {
            match self.first.get_mut(region) {
                Some(first) => *first = day.min(*first),
                None => {
                    self.first.insert(region.to_owned(), day);
                    if day - since >= KNOWN_FOR {
                        new.push(RegionFirstUse { region: region.to_owned(), day, services, known_since: since });
                    }
                }
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::line::{ChargeAmount, ChargeKey};

    #[test]
    fn the_region_of_a_charge_is_the_code_that_its_usage_type_begins_with() {
        for (service, usage_type, region) in [
            ("AWS Lambda", "APN2-Lambda-GB-Second", Some("ap-northeast-2")),
            ("AWS Lambda", "Lambda-GB-Second", Some("us-east-1")),
            ("AWS Lambda", "Request", Some("us-east-1")),
            ("Amazon Elastic Compute Cloud - Compute", "EU-BoxUsage:t3.micro", Some("eu-west-1")),
            ("Amazon Elastic Compute Cloud - Compute", "BoxUsage:g5.xlarge", Some("us-east-1")),
            ("EC2 - Other", "APE1-USE1-AWS-In-Bytes", Some("ap-east-1")),
            // A region that AWS opened after this version.
            ("AWS Lambda", "XYZ3-Request", Some("XYZ3")),
            // Areas of CloudFront, and services without regions.
            ("Amazon CloudFront", "EU-Requests-Tier2-HTTPS", None),
            ("Amazon CloudFront", "JP-DataTransfer-Out-Bytes", None),
            ("Amazon Route 53", "DNS-Queries", None),
            ("AWS Cost Explorer", "USE1-APIRequest", Some("us-east-1")),
            ("Tax", "", None),
            ("AmazonCloudWatch", "CW:Requests", None),
            ("AmazonCloudWatch", "APN2-DataProcessing-Bytes", Some("ap-northeast-2")),
            ("AWS Lambda", "", None),
            ("AWS Lambda", "é-", Some("us-east-1")),
        ] {
            assert_eq!(region_of(service, usage_type), region, "{service} {usage_type}");
        }
    }

    /// What is new on a day of lines `usage type, amount, quantity`.
    fn learn(regions: &mut BilledRegions, day: &str, lines: &[(&str, i64, i64)]) -> Vec<(String, usize)> {
        let mut charges = DayCharges::new(day.parse().unwrap());
        for (usage_type, amount, quantity) in lines {
            let key = ChargeKey {
                service: "Amazon Elastic Compute Cloud - Compute".into(),
                record_type: "Usage".into(),
                usage_type: (*usage_type).into(),
                account: String::new(),
                resource: String::new(),
                currency: "USD".into(),
            };
            let quantity = Some(Decimal::from(*quantity));
            charges.add(key, ChargeAmount { amount: (*amount).into(), quantity, unit: "Hrs".into() });
        }
        regions.learn(&charges).into_iter().map(|new| (new.region, new.services.len())).collect()
    }

    #[test]
    fn a_region_is_new_once_and_only_after_a_month_of_bills() {
        let mut regions = BilledRegions::default();
        let mut check = |day: &str, lines: &[(&str, i64, i64)], new: &[&str]| {
            let found: Vec<String> = learn(&mut regions, day, lines).into_iter().map(|(region, _)| region).collect();
            assert_eq!(found, new, "{day}");
        };
        check("2025-01-01", &[("APN2-BoxUsage:t3.micro", 1, 24)], &[]);
        // Seen for the first time too early to know: it may come once a month.
        check("2025-01-20", &[("USE2-EBS:SnapshotUsage", 1, 1)], &[]);
        check("2025-02-03", &[("APN2-BoxUsage:t3.micro", 1, 24), ("USE2-EBS:SnapshotUsage", 1, 1)], &[]);
        // Nothing was used, and then within the free tier.
        check("2025-02-04", &[("EUC1-BoxUsage:g5.xlarge", 0, 0)], &[]);
        check(
            "2025-02-05",
            &[("EUC1-BoxUsage:g5.xlarge", 0, 3), ("SAE1-BoxUsage:g5.xlarge", 9, 3)],
            &["eu-central-1", "sa-east-1"],
        );
        check("2025-02-06", &[("EUC1-BoxUsage:g5.xlarge", 90, 24)], &[]);
        // The same day again.
        check("2025-02-05", &[("EUC1-BoxUsage:g5.xlarge", 1, 3)], &[]);
    }
}
