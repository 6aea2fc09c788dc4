//! Makes each call of the map once, as cheaply as it can be made, to see whether it is allowed.

use aws::AwsClients;
use aws::describing::{
    CERTIFICATES, DNS, DescribeCall, EVENTS, LAMBDA, LOG_GROUPS, REST_APIS, SCHEDULER, SECRETS, TRAIL, in_path,
};
use model::call_failure::{CallFailure, FailureKind};
use serde_json::{Value, json};

const ANSWERED: &str = "answered";

/// What a call of the map said when it was made once; `None` if it is no call of the map.
pub async fn ask_once(account: &AwsClients, action: &'static str) -> Option<Result<String, CallFailure>> {
    let call = match action {
        "acm:ListCertificates" => DescribeCall::post(&CERTIFICATES, action, &json!({"MaxItems": 1}), "certificates"),
        "apigateway:GET" => {
            DescribeCall::get(&REST_APIS, action, "/restapis".to_owned(), "the region's APIs").with("limit", Some("1"))
        }
        "cloudtrail:LookupEvents" => {
            DescribeCall::post(&TRAIL, action, &json!({"MaxResults": 1}), "calls that changed something")
        }
        "events:ListEventBuses" => DescribeCall::post(&EVENTS, action, &json!({"Limit": 1}), "event buses"),
        "events:ListRules" => rules(),
        "lambda:GetAccountSettings" => {
            DescribeCall::get(&LAMBDA, action, "/2016-08-19/account-settings".to_owned(), "the account")
        }
        "lambda:ListEventSourceMappings" => {
            let path = "/2015-03-31/event-source-mappings".to_owned();
            DescribeCall::get(&LAMBDA, action, path, "event source mappings").with("MaxItems", Some("1"))
        }
        "lambda:ListFunctions" => functions(),
        "logs:DescribeLogGroups" => DescribeCall::post(&LOG_GROUPS, action, &json!({"limit": 1}), "log groups"),
        "route53:ListHostedZones" => zones(),
        "scheduler:ListSchedules" => schedules(),
        "secretsmanager:ListSecrets" => DescribeCall::post(&SECRETS, action, &json!({"MaxResults": 1}), "secrets"),
        _ => return of_one(account, action).await,
    };
    Some(account.describe.ask(&call).await.map(|_| ANSWERED.to_owned()))
}

fn functions() -> DescribeCall {
    let path = "/2015-03-31/functions".to_owned();
    DescribeCall::get(&LAMBDA, "lambda:ListFunctions", path, "the region's functions").with("MaxItems", Some("1"))
}

fn rules() -> DescribeCall {
    DescribeCall::post(&EVENTS, "events:ListRules", &json!({"Limit": 1}), "the rules of the default event bus")
}

fn zones() -> DescribeCall {
    let path = "/2013-04-01/hostedzone".to_owned();
    DescribeCall::get(&DNS, "route53:ListHostedZones", path, "hosted zones").with("maxitems", Some("1"))
}

fn schedules() -> DescribeCall {
    let path = "/schedules".to_owned();
    DescribeCall::get(&SCHEDULER, "scheduler:ListSchedules", path, "schedules").with("MaxResults", Some("1"))
}

/// A call about one thing, made about the first one there is.
async fn of_one(account: &AwsClients, action: &'static str) -> Option<Result<String, CallFailure>> {
    let (list, what) = match action {
        "events:ListTargetsByRule" => (rules(), "rule"),
        "route53:ListResourceRecordSets" => (zones(), "hosted zone"),
        "scheduler:GetSchedule" => (schedules(), "schedule"),
        "lambda:GetPolicy"
        | "lambda:ListAliases"
        | "lambda:ListFunctionUrlConfigs"
        | "lambda:GetFunctionConcurrency"
        | "lambda:ListProvisionedConcurrencyConfigs" => (functions(), "function"),
        _ => return None,
    };
    let answer = match account.describe.ask(&list).await {
        Ok(answer) => answer,
        Err(failure) => return Some(Err(failure)),
    };
    let Some((name, call)) = about_first(action, &answer) else {
        return Some(Ok(format!("not tried: there is no {what} yet")));
    };
    Some(match account.describe.ask(&call).await {
        // One without a policy answers as one that is not there: either way it may be asked.
        Err(failure) if failure.kind != FailureKind::NotFound => Err(failure),
        _ => Ok(format!("{ANSWERED} for {name}")),
    })
}

/// The call about the first thing of a list, with its name.
fn about_first(action: &'static str, answer: &str) -> Option<(String, DescribeCall)> {
    let read: Value = serde_json::from_str(answer).unwrap_or_default();
    let first = |path: &str| read.pointer(path).and_then(Value::as_str).map(str::to_owned);
    if action == "route53:ListResourceRecordSets" {
        let (_, rest) = answer.split_once("<Id>/hostedzone/")?;
        let (zone, _) = rest.split_once("</Id>")?;
        let path = format!("/2013-04-01/hostedzone/{}/rrset", in_path(zone));
        return Some((zone.to_owned(), DescribeCall::get(&DNS, action, path, zone).with("maxitems", Some("1"))));
    }
    if action == "events:ListTargetsByRule" {
        let rule = first("/Rules/0/Name")?;
        let call = DescribeCall::post(&EVENTS, action, &json!({"Rule": rule, "Limit": 1}), &rule);
        return Some((rule, call));
    }
    if action == "scheduler:GetSchedule" {
        let (name, group) = (first("/Schedules/0/Name")?, first("/Schedules/0/GroupName"));
        let path = format!("/schedules/{}", in_path(&name));
        let call = DescribeCall::get(&SCHEDULER, action, path, &name).with("groupName", group);
        return Some((name, call));
    }
    let name = first("/Functions/0/FunctionName")?;
    let function = in_path(&name);
    let path = match action {
        "lambda:GetPolicy" => format!("/2015-03-31/functions/{function}/policy"),
        "lambda:ListAliases" => format!("/2015-03-31/functions/{function}/aliases"),
        "lambda:ListFunctionUrlConfigs" => format!("/2021-10-31/functions/{function}/urls"),
        "lambda:GetFunctionConcurrency" => format!("/2019-09-30/functions/{function}/concurrency"),
        _ => format!("/2019-09-30/functions/{function}/provisioned-concurrency"),
    };
    let call = DescribeCall::get(&LAMBDA, action, path, &name);
    let call = match action {
        "lambda:ListProvisionedConcurrencyConfigs" => call.with("List", Some("ALL")),
        _ => call,
    };
    Some((name, call))
}
