//! What an IAM policy must allow: each call with what it is about, and statements made of them.

use std::collections::{BTreeMap, BTreeSet};

use model::glob::NamePattern;

use super::settings::AwsSettings;

/// A call that a configuration can make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredCall {
    /// As an IAM policy names it: `logs:FilterLogEvents`.
    pub action: &'static str,
    /// What it is about, where AWS can tell resources of the call apart.
    pub resource: ResourceScope,
}

/// What a call is about. Names may have the wildcards of IAM, `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceScope {
    /// The call lists, or AWS does not tell its resources apart: `*`.
    Everything,
    /// Functions, by name, by name and qualifier, or by ARN.
    Functions(Vec<String>),
    /// Log groups, by name.
    LogGroups(Vec<String>),
    /// The list of a bucket, below a prefix.
    Bucket {
        /// The bucket's name.
        name: String,
        /// What keys begin with; empty for the whole bucket.
        prefix: String,
    },
    /// The objects of a bucket, below a prefix.
    Objects {
        /// The bucket's name.
        bucket: String,
        /// What keys begin with; empty for the whole bucket.
        prefix: String,
    },
    /// What API Gateway has in the region.
    Apis,
    /// Rules of every event bus in the region.
    EventRules,
    /// Schedules of every group in the region.
    Schedules,
    /// Hosted zones.
    HostedZones,
    /// Certificates of every Region: those of the edge are in us-east-1.
    Certificates,
}

/// Every call, with the purpose it serves, which is the `Sid` of its statement, and the widest scope that AWS knows for
/// it. Where that is [`ResourceScope::Everything`], either AWS supports no resource for it, or it is a list, of which
/// all is read. The source of this column is the Service Authorization Reference, "Resource types" of each action:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/>
const ACTIONS: &[(&str, &str, WidestScope)] = &[
    ("acm:DescribeCertificate", "ReadCertificates", || ResourceScope::Certificates),
    ("acm:ListCertificates", LIST_MAP, everything),
    ("apigateway:GET", "ReadApis", || ResourceScope::Apis),
    ("ce:GetCostAndUsage", "ReadBill", everything),
    ("cloudtrail:LookupEvents", "FindWhoChangedIt", everything),
    ("cloudwatch:GetMetricStatistics", "ReadMetrics", everything),
    ("cloudwatch:ListMetrics", "ReadMetrics", everything),
    ("ec2:DescribeAddresses", LIST_BILLED, everything),
    ("ec2:DescribeNatGateways", LIST_BILLED, everything),
    ("ec2:DescribeVolumes", LIST_BILLED, everything),
    ("elasticloadbalancing:DescribeLoadBalancers", LIST_BILLED, everything),
    ("elasticloadbalancing:DescribeTargetGroups", LIST_BILLED, everything),
    ("elasticloadbalancing:DescribeTargetHealth", LIST_BILLED, everything),
    ("events:ListEventBuses", LIST_MAP, everything),
    ("events:ListRules", LIST_MAP, everything),
    ("events:ListTargetsByRule", "ReadTargetsOfRules", || ResourceScope::EventRules),
    ("lambda:GetAccountSettings", "ReadLimitsOfLambda", everything),
    ("lambda:GetFunctionConcurrency", DETAILS, functions),
    ("lambda:GetFunctionConfiguration", DETAILS, functions),
    ("lambda:GetPolicy", DETAILS, functions),
    ("lambda:InvokeFunction", "PingWarmedFunctions", functions),
    ("lambda:ListAliases", DETAILS, functions),
    ("lambda:ListEventSourceMappings", LIST_MAP, everything),
    ("lambda:ListFunctionUrlConfigs", DETAILS, functions),
    ("lambda:ListFunctions", "FindFunctions", everything),
    ("lambda:ListProvisionedConcurrencyConfigs", DETAILS, functions),
    ("logs:DescribeLogGroups", "FindFunctions", everything),
    ("logs:FilterLogEvents", "ReadLogs", || ResourceScope::LogGroups(vec!["*".to_owned()])),
    ("rds:DescribeDBInstances", LIST_BILLED, everything),
    ("route53:ListHostedZones", LIST_MAP, everything),
    ("route53:ListResourceRecordSets", "ReadDnsRecords", || ResourceScope::HostedZones),
    ("s3:GetObject", "ReadExports", everything),
    ("s3:ListBucket", "FindExports", everything),
    ("scheduler:GetSchedule", "ReadSchedules", || ResourceScope::Schedules),
    ("scheduler:ListSchedules", LIST_MAP, everything),
    ("secretsmanager:ListSecrets", LIST_MAP, everything),
];

/// The widest scope of a call.
type WidestScope = fn() -> ResourceScope;

const LIST_MAP: &str = "ListWhatMayChange";
const LIST_BILLED: &str = "ListWhatIsBilled";
const DETAILS: &str = "ReadFunctions";

fn everything() -> ResourceScope {
    ResourceScope::Everything
}

fn functions() -> ResourceScope {
    ResourceScope::Functions(vec!["*".to_owned()])
}

impl RequiredCall {
    /// A call about everything it can be about.
    pub fn of(action: &'static str) -> Self {
        let known = ACTIONS.iter().find(|(known, ..)| *known == action);
        Self { action, resource: known.map_or(ResourceScope::Everything, |(.., widest)| widest()) }
    }

    /// The same of several calls.
    pub fn all(actions: &[&'static str]) -> Vec<Self> {
        actions.iter().map(|action| Self::of(action)).collect()
    }

    /// A call about less.
    pub fn about(action: &'static str, resource: ResourceScope) -> Self {
        Self { action, resource }
    }
}

/// A pattern of names with the wildcards of IAM, which has `*` and `?` only: from anything else on it is `*`.
pub fn iam_pattern(pattern: &NamePattern) -> String {
    let text = pattern.as_str();
    match text.find(['[', '{', '\\']).and_then(|end| text.get(..end)) {
        Some(start) => format!("{}*", start.trim_end_matches('*')),
        None => text.to_owned(),
    }
}

/// Where a policy's resources are. What is not known is `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPlace {
    /// The regions.
    pub regions: Vec<String>,
    /// The account's id.
    pub account: Option<String>,
}

impl PolicyPlace {
    /// The place that a configuration names.
    pub fn of(settings: &AwsSettings) -> Self {
        // Without a main region any may be meant.
        let main = settings.region.iter();
        let regions = main.flat_map(|main| std::iter::once(main).chain(&settings.other_regions)).cloned().collect();
        Self { regions, account: settings.account.clone() }
    }

    /// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
    fn partition(&self) -> &'static str {
        const PARTITIONS: &[(&str, &str)] = &[
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("eusc-", "aws-eusc"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("eu-isoe-", "aws-iso-e"),
        ];
        let region = self.regions.first().map(String::as_str).unwrap_or_default();
        PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
    }

    /// The regions as ARNs have them.
    fn regions(&self) -> impl Iterator<Item = &str> {
        let any = self.regions.is_empty().then_some("*");
        self.regions.iter().map(String::as_str).chain(any)
    }

    /// The ARNs of a resource in the regions of this place.
    fn arns(&self, service: &str, resource: &str) -> Vec<String> {
        let (partition, account) = (self.partition(), self.account.as_deref().unwrap_or("*"));
        self.regions().map(|region| format!("arn:{partition}:{service}:{region}:{account}:{resource}")).collect()
    }
}

impl ResourceScope {
    /// The resources as a policy names them.
    fn arns(&self, place: &PolicyPlace) -> Vec<String> {
        let partition = place.partition();
        match self {
            Self::Everything => vec!["*".to_owned()],
            Self::Functions(names) => names.iter().flat_map(|name| function_arns(name, place)).collect(),
            // The ARN of a group stands for the group in some places, and with `:*` in others.
            Self::LogGroups(names) => names
                .iter()
                .flat_map(|name| place.arns("logs", &format!("log-group:{name}")))
                .flat_map(|group| {
                    let streams = (!group.ends_with('*')).then(|| format!("{group}:*"));
                    [Some(group), streams].into_iter().flatten()
                })
                .collect(),
            Self::Bucket { name, .. } => vec![format!("arn:{partition}:s3:::{name}")],
            Self::Objects { bucket, prefix } => vec![format!("arn:{partition}:s3:::{bucket}/{prefix}*")],
            Self::Apis => place.regions().map(|region| format!("arn:{partition}:apigateway:{region}::/*")).collect(),
            Self::EventRules => place.arns("events", "rule/*"),
            Self::Schedules => place.arns("scheduler", "schedule/*"),
            Self::Certificates => {
                let account = place.account.as_deref().unwrap_or("*");
                vec![format!("arn:{partition}:acm:*:{account}:certificate/*")]
            }
            Self::HostedZones => vec![format!("arn:{partition}:route53:::hostedzone/*")],
        }
    }

    /// What the keys of a list must begin with.
    fn prefix(&self) -> Option<String> {
        match self {
            Self::Bucket { prefix, .. } if !prefix.is_empty() => Some(format!("{prefix}*")),
            _ => None,
        }
    }
}

fn function_arns(name: &str, place: &PolicyPlace) -> Vec<String> {
    if name.starts_with("arn:") {
        return vec![name.to_owned()];
    }
    // Lambda also takes `111122223333:function:name`.
    match name.split_once(":function:") {
        Some((account, name)) => {
            let place = PolicyPlace { account: Some(account.to_owned()), ..place.clone() };
            place.arns("lambda", &format!("function:{name}"))
        }
        None => place.arns("lambda", &format!("function:{name}")),
    }
}

/// One statement: what is allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStatement {
    /// The purpose; no two statements of a policy have the same.
    pub sid: String,
    /// The calls, sorted.
    pub actions: Vec<&'static str>,
    /// The ARNs, sorted.
    pub resources: Vec<String>,
    /// What the keys of a list of a bucket must be like.
    pub prefix: Option<String>,
}

/// What calls of one statement have in common: purpose, resources, and the prefix of a list.
type StatementKey = (&'static str, BTreeSet<String>, Option<String>);

/// The statements that allow these calls and no others, sorted by purpose.
pub fn statements(calls: impl IntoIterator<Item = RequiredCall>, place: &PolicyPlace) -> Vec<PolicyStatement> {
    let mut resources: BTreeMap<(&'static str, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for RequiredCall { action, resource } in calls {
        resources.entry((action, resource.prefix())).or_default().extend(resource.arns(place));
    }
    let mut grouped: BTreeMap<StatementKey, Vec<&'static str>> = BTreeMap::new();
    for ((action, prefix), arns) in resources {
        let sid = ACTIONS.iter().find(|(known, ..)| *known == action).map_or("Other", |(_, sid, _)| sid);
        grouped.entry((sid, arns, prefix)).or_default().push(action);
    }
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for ((sid, arns, prefix), actions) in grouped {
        let times = used.entry(sid).or_default();
        *times += 1;
        let sid = if *times > 1 { format!("{sid}{times}") } else { sid.to_owned() };
        all.push(PolicyStatement { sid, actions, resources: arns.into_iter().collect(), prefix });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> PolicyPlace {
        PolicyPlace { regions: vec!["eu-west-1".to_owned()], account: Some("111122223333".to_owned()) }
    }

    #[test]
    fn resources_are_named_where_aws_tells_them_apart() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let bucket = || ResourceScope::Bucket { name: "bills".into(), prefix: "acme/".into() };
        for (scope, expected) in [
            (ResourceScope::Everything, &["*"][..]),
            (
                ResourceScope::Functions(words(&["a", "b:live", "222:function:c", "arn:aws:lambda:x:1:function:d"])),
                &[
                    "arn:aws:lambda:eu-west-1:111122223333:function:a",
                    "arn:aws:lambda:eu-west-1:111122223333:function:b:live",
                    "arn:aws:lambda:eu-west-1:222:function:c",
                    "arn:aws:lambda:x:1:function:d",
                ],
            ),
            (
                ResourceScope::LogGroups(words(&["/aws/lambda/a-*", "/prod/shop"])),
                &[
                    "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/a-*",
                    "arn:aws:logs:eu-west-1:111122223333:log-group:/prod/shop",
                    "arn:aws:logs:eu-west-1:111122223333:log-group:/prod/shop:*",
                ],
            ),
            (bucket(), &["arn:aws:s3:::bills"]),
            (ResourceScope::Objects { bucket: "bills".into(), prefix: "acme/".into() }, &["arn:aws:s3:::bills/acme/*"]),
            (ResourceScope::Objects { bucket: "bills".into(), prefix: String::new() }, &["arn:aws:s3:::bills/*"]),
            (ResourceScope::Apis, &["arn:aws:apigateway:eu-west-1::/*"]),
            (ResourceScope::HostedZones, &["arn:aws:route53:::hostedzone/*"]),
        ] {
            assert_eq!(scope.arns(&place()), expected);
        }
        let nowhere = PolicyPlace { regions: vec![], account: None };
        assert_eq!(ResourceScope::EventRules.arns(&nowhere), ["arn:aws:events:*:*:rule/*"]);
        let china = PolicyPlace { regions: vec!["cn-north-1".into()], account: None };
        assert_eq!(ResourceScope::Schedules.arns(&china), ["arn:aws-cn:scheduler:cn-north-1:*:schedule/*"]);
        let two = PolicyPlace { regions: words(&["eu-west-1", "us-east-1"]), account: None };
        assert_eq!(
            ResourceScope::Functions(words(&["a"])).arns(&two),
            ["arn:aws:lambda:eu-west-1:*:function:a", "arn:aws:lambda:us-east-1:*:function:a"]
        );
        assert_eq!(bucket().prefix().as_deref(), Some("acme/*"));
    }

    #[test]
    fn calls_of_one_purpose_on_the_same_resources_are_one_statement_in_any_order() {
        let invoke =
            |name: &str| RequiredCall::about("lambda:InvokeFunction", ResourceScope::Functions(vec![name.to_owned()]));
        let list = |prefix: &str| {
            let bucket = ResourceScope::Bucket { name: "bills".into(), prefix: prefix.into() };
            RequiredCall::about("s3:ListBucket", bucket)
        };
        let mut calls = RequiredCall::all(&["lambda:GetPolicy", "lambda:ListAliases", "lambda:ListFunctions"]);
        calls.extend([invoke("b"), invoke("a"), invoke("b"), list("x/"), list("y/")]);
        let made = statements(calls.clone(), &place());
        calls.reverse();
        assert_eq!(made, statements(calls, &place()));
        let shown: Vec<(&str, usize, usize)> =
            made.iter().map(|one| (one.sid.as_str(), one.actions.len(), one.resources.len())).collect();
        assert_eq!(
            shown,
            [
                ("FindExports", 1, 1),
                ("FindExports2", 1, 1),
                ("FindFunctions", 1, 1),
                ("PingWarmedFunctions", 1, 2),
                ("ReadFunctions", 2, 1)
            ]
        );
    }

    #[test]
    fn the_table_has_each_call_once_in_order_and_a_purpose_that_iam_takes() {
        assert!(ACTIONS.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, each once");
        for (_, sid, _) in ACTIONS {
            assert!(sid.bytes().all(|letter| letter.is_ascii_alphanumeric()), "{sid}");
        }
    }

    #[test]
    fn a_pattern_is_never_narrower_in_iam_than_it_is_here() {
        for (typed, expected) in
            [("backend-*", "backend-*"), ("a?c", "a?c"), ("a[12]", "a*"), ("a*{b,c}", "a*"), ("shop", "shop")]
        {
            assert_eq!(iam_pattern(&typed.parse().unwrap()), expected);
        }
    }
}
