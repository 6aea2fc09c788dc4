//! `monitor iam-policy` against the calls that the program really makes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::recorder::Recorder;
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::Request;
use crate::world::{answer, python};

/// Every kind of `read.` and a warm-up.
const EVERYTHING: &str = r#"
[aws]
region = "ap-northeast-2"
account = "123456789012"
max_monthly_usd = "1.00"
log_calls_per_second = 50
[watch.spend]
every = "6h"
read.cost_explorer = {}
[watch.charges]
every = "6h"
read.estimated_charges = { services = true }
[watch.usage]
every = "15m"
read.usage_estimate = {}
[watch.exports]
every = "6h"
read.focus_export = { bucket = "s3://bills/acme" }
[watch.logs]
every = "1m"
read.lambda_logs = { functions = ["backend-*", "shop"] }
[watch.metrics]
every = "5m"
read.lambda_metrics = { functions = ["shop"] }
[watch.things]
every = "12h"
read.inventory = {}
[watch.account]
every = "15m"
read.account = {}
[warm.shop]
every = "4m"
function = "shop"
concurrency = 2
[receiver.x]
via.stdout = {}
"#;

/// One thing of each kind, so that calls about single things are made.
const FILL: &str = r#"
import json
role = c('iam').create_role(RoleName='shop', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
c('logs').create_log_group(logGroupName='/aws/lambda/shop')
c('events').put_rule(Name='nightly', ScheduleExpression='rate(1 day)')
c('scheduler').create_schedule(Name='hourly', ScheduleExpression='rate(1 hour)', FlexibleTimeWindow={'Mode': 'OFF'}, Target={'Arn': 'arn:aws:lambda:ap-northeast-2:123456789012:function:shop', 'RoleArn': role})
c('route53').create_hosted_zone(Name='example.com', CallerReference='1')
c('apigateway').create_rest_api(name='Shop API')
c('s3').create_bucket(Bucket='bills', CreateBucketConfiguration={'LocationConstraint': 'ap-northeast-2'})
c('s3').put_object(Bucket='bills', Key='acme/focus.csv', Body=b'x')
subnets = [one['SubnetId'] for one in c('ec2').describe_subnets()['Subnets']][:2]
vpc = c('ec2').describe_subnets()['Subnets'][0]['VpcId']
balancer = c('elbv2').create_load_balancer(Name='front', Subnets=subnets)['LoadBalancers'][0]['LoadBalancerArn']
group = c('elbv2').create_target_group(Name='back', Protocol='HTTP', Port=80, VpcId=vpc)['TargetGroups'][0]['TargetGroupArn']
c('elbv2').create_listener(LoadBalancerArn=balancer, Protocol='HTTP', Port=80, DefaultActions=[{'Type': 'forward', 'TargetGroupArn': group}])
"#;

/// Actions of the policy that these passes need not make, each with the reason. None at present: `check --live` makes each
/// call once, also those that a pass makes only on a condition, such as `cloudtrail:LookupEvents` after a change.
const ON_A_CONDITION: &[(&str, &str)] = &[];

/// What needs no permission.
pub(crate) const FREE: &str = "sts:GetCallerIdentity";

/// The IAM action of a request, from the service in its signature and the operation in its target, form or path.
pub(crate) fn action(request: &Request) -> String {
    let signed = request.header("authorization").unwrap_or_default();
    let scope = signed.split("Credential=").nth(1).and_then(|scope| scope.split(',').next()).unwrap_or_default();
    let service = match scope.split('/').nth(3).unwrap_or_default() {
        "monitoring" => "cloudwatch",
        other => other,
    };
    let path = request.path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let form = request.body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let target = request.header("x-amz-target").and_then(|target| target.rsplit('.').next());
    let rpc = path.split_once("/operation/").map(|(_, operation)| operation);
    if let Some(operation) = target.or(form).or(rpc) {
        return format!("{service}:{operation}");
    }
    let operation = match (service, request.method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
        ("apigateway", "GET", _) => "GET",
        ("lambda", "GET", "functions") => "ListFunctions",
        ("lambda", "POST", "invocations") => "InvokeFunction",
        ("lambda", "GET", "policy") => "GetPolicy",
        ("lambda", "GET", "aliases") => "ListAliases",
        ("lambda", "GET", "urls") => "ListFunctionUrlConfigs",
        ("lambda", "GET", "concurrency") => "GetFunctionConcurrency",
        ("lambda", "GET", "provisioned-concurrency") => "ListProvisionedConcurrencyConfigs",
        ("lambda", "GET", "configuration") => "GetFunctionConfiguration",
        ("lambda", "GET", "account-settings") => "GetAccountSettings",
        ("lambda", "GET", "event-source-mappings") => "ListEventSourceMappings",
        ("route53", "GET", "hostedzone") => "ListHostedZones",
        ("route53", "GET", "rrset") => "ListResourceRecordSets",
        ("scheduler", "GET", "schedules") => "ListSchedules",
        ("scheduler", "GET", _) => "GetSchedule",
        ("s3", "GET", _) if request.path.contains("list-type=2") => "ListBucket",
        ("s3", "GET", _) => "GetObject",
        _ => panic!("which call is this? {request:#?}"),
    };
    format!("{service}:{operation}")
}

pub(crate) fn policy(folder: &TempDir, args: &[&str]) -> Output {
    let output = monitor(folder.path()).args(["iam-policy"]).args(args).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output
}

/// The resources of each action.
pub(crate) fn allowed(policy: &str) -> BTreeMap<String, Vec<String>> {
    let document: Value = serde_json::from_str(policy).expect("JSON");
    assert_eq!(document["Version"], "2012-10-17");
    let texts = |of: &Value| -> Vec<String> {
        of.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    let mut allowed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in document["Statement"].as_array().expect("statements") {
        assert_eq!(statement["Effect"], "Allow");
        for action in texts(&statement["Action"]) {
            allowed.entry(action).or_default().extend(texts(&statement["Resource"]));
        }
    }
    allowed
}

fn configured(tables: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_allows_the_calls_that_are_made_and_no_others() {
    let folder = configured(EVERYTHING);
    let (moto, ministack) = tokio::join!(Emulator::moto(), Emulator::ministack());
    python(&moto, FILL);
    ministack.create_function("shop", "def handler(event, context):\n    return event\n", 3, 256).await;
    moto.queue_cost_results(&[answer(&[], None), answer(&[], None), answer(&[], None)]).await;
    let (recorder, of_functions) = (Recorder::before(&moto.url()), Recorder::before(&ministack.url()));
    let env = aws_env(&recorder.url(), &[("LAMBDA", &of_functions.url())]);
    let mut said = String::new();
    for args in [&["run", "--once"][..], &["check", "--live"]] {
        let output = monitor(folder.path()).args(args).envs(env.clone()).run();
        // The emulator does not know every call; that it was made is what counts.
        assert!(matches!(output.code, Some(0 | 2)), "{}{}", output.stdout, output.stderr);
        assert!(!output.stdout.contains("has no check"), "{}", output.stdout);
        said += &[output.stdout, output.stderr].concat();
    }
    let made: BTreeSet<String> = [recorder.requests(), of_functions.requests()]
        .iter()
        .flatten()
        .map(action)
        .filter(|action| action != FREE)
        .collect();
    let allowed = allowed(&policy(&folder, &[]).stdout);
    let refused: Vec<&String> = made.iter().filter(|action| !allowed.contains_key(*action)).collect();
    assert!(refused.is_empty(), "made, and not allowed: {refused:?}\n{said}");
    let needless: Vec<&String> = allowed
        .keys()
        .filter(|action| !made.contains(*action) && !ON_A_CONDITION.iter().any(|(known, _)| known == action))
        .collect();
    assert!(needless.is_empty(), "allowed, and never made: {needless:?}\n{said}");
    assert!(made.len() > 30, "{made:?}");
    assert_eq!(
        (&allowed["lambda:InvokeFunction"], &allowed["logs:FilterLogEvents"], &allowed["s3:GetObject"]),
        (
            &vec!["arn:aws:lambda:ap-northeast-2:123456789012:function:shop".to_owned()],
            &["/aws/lambda/backend-*", "/aws/lambda/shop", "/aws/lambda/shop:*"]
                .map(|group| format!("arn:aws:logs:ap-northeast-2:123456789012:log-group:{group}"))
                .to_vec(),
            &vec!["arn:aws:s3:::bills/acme/*".to_owned()]
        )
    );
}

#[test]
fn what_is_not_known_is_a_star_and_a_note() {
    let tables = "[watch.logs]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"shop-[ab]\"] }\n[receiver.x]\nvia.slack = { webhook = { env = \"NOT_SET\" } }\n";
    let folder = configured(tables);
    let output = policy(&folder, &["--log-group", "/prod/*"]);
    assert_eq!(
        json!(allowed(&output.stdout)["logs:FilterLogEvents"]),
        json!(["arn:aws:logs:*:*:log-group:/aws/lambda/shop-*", "arn:aws:logs:*:*:log-group:/prod/*"])
    );
    for key in ["`region`", "`account`"] {
        assert!(output.stderr.contains(&format!("{key} is not set under [aws]")), "{}", output.stderr);
    }
    let folder = configured(EVERYTHING);
    assert_eq!(policy(&folder, &[]).stderr, "", "everything is known");
    let wrong = monitor(folder.path()).args(["iam-policy", "--format", "yaml"]).run();
    assert_eq!(wrong.code, Some(64), "{}", wrong.stderr);
}

#[test]
fn each_form_of_the_policy_of_everything() {
    let folder = configured(EVERYTHING);
    for format in ["json", "terraform", "cloudformation"] {
        let first = policy(&folder, &["--format", format]).stdout;
        assert_eq!(first, policy(&folder, &["--format", format]).stdout, "the same at each time");
        crate::prose::check(&format!("iam_policy_{format}"), &first);
    }
}
