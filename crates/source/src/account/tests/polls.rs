//! Polls: changes between two pictures, their calls, what may not be read, how many calls a poll makes and how fast.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::map::{Change, MapKind};
use alerting::observation::ObservationBody;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};

use super::{Fake, account, noon};
use crate::account::{AccountMapSettings, stored_map};
use crate::poll::{PollOutput, Source};

fn source(fake: &Arc<Fake>, kinds: &[MapKind], clock: Option<&Arc<SimulatedClock>>) -> impl Source {
    AccountMapSettings { kinds: kinds.to_vec() }.source("watch.account".to_owned(), &account(fake, clock))
}

/// The changes, the failures, and whether the source has answered.
fn seen(output: &PollOutput) -> (Vec<Change>, Vec<CallFailure>, bool) {
    let (mut changes, mut failures, mut answered) = (vec![], vec![], false);
    for observation in &output.observations {
        match &observation.what {
            ObservationBody::Change(change) => changes.push(change.clone()),
            ObservationBody::Failed(failure) => failures.push(failure.clone()),
            ObservationBody::Answered => answered = true,
            other => panic!("{other:?}"),
        }
    }
    (changes, failures, answered)
}

fn functions(memory: u32, value: &str) -> String {
    format!(
        r#"{{"Functions":[{{"FunctionName":"shop","FunctionArn":"arn:aws:lambda:us-east-1:1:function:shop","MemorySize":{memory},"Environment":{{"Variables":{{"TOKEN":"{value}"}}}}}}]}}"#
    )
}

fn later(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

const TRAIL: &str = "cloudtrail:LookupEvents";
const NO_EVENTS: &str = r#"{"Events":[]}"#;

#[tokio::test]
async fn a_change_comes_with_its_cursor_and_its_call_when_that_shows() {
    let fake = Fake::of(&[("lambda:ListFunctions", &functions(512, "s3cr3t")), (TRAIL, NO_EVENTS)]);
    let mut first = source(&fake, &[MapKind::Function], None);
    let output = first.poll(noon()).await;
    let (changes, failures, answered) = seen(&output);
    assert!(changes.is_empty() && failures.is_empty() && answered, "the first picture has no changes");
    assert!(!fake.take().iter().any(|call| call.starts_with(TRAIL)), "CloudTrail is asked when something has changed");
    let mut cursors: BTreeMap<String, String> = output.cursors.into_iter().collect();
    assert!(!format!("{cursors:?}").contains("s3cr3t"));

    // A restart in between changes nothing.
    fake.answer("lambda:ListFunctions", Ok(functions(256, "other")));
    let mut again = source(&fake, &[MapKind::Function], None);
    again.restore(cursors.clone());
    let output = again.poll(later(15)).await;
    cursors.extend(output.cursors.clone());
    let (changes, ..) = seen(&output);
    let words: Vec<String> = changes.iter().map(Change::words).collect();
    assert!(words[0].starts_with("environment digest ") && words[1] == "memory 512 MB -> 256 MB", "{words:?}");
    assert_eq!((words.len(), changes[0].since, changes[0].until), (2, noon(), later(15)));
    assert!(changes.iter().all(|change| change.by.is_none()) && !format!("{output:?}").contains("other"));

    // CloudTrail shows the call some minutes after it was made. A call that was refused changed nothing, and one without
    // its record may have been refused.
    fake.answer(TRAIL, Ok(r#"{"Events":[{"EventTime":1734696300,"EventSource":"lambda.amazonaws.com","EventName":"UpdateFunctionConfiguration20150331v2","Username":"soyoung","AccessKeyId":"AKIAX","Resources":[{"ResourceName":"shop"}],"CloudTrailEvent":"{\"requestParameters\":{\"functionName\":\"shop\"}}"},{"EventTime":1734696360,"EventSource":"lambda.amazonaws.com","EventName":"UpdateFunctionConfiguration20150331v2","Username":"refused","Resources":[{"ResourceName":"shop"}],"CloudTrailEvent":"{\"errorCode\":\"AccessDenied\"}"},{"EventTime":1734696420,"EventSource":"lambda.amazonaws.com","EventName":"UpdateFunctionConfiguration20150331v2","Username":"without a record","Resources":[{"ResourceName":"shop"}]}]}"#.to_owned()));
    let mut third = source(&fake, &[MapKind::Function], None);
    third.restore(cursors.clone());
    let output = third.poll(later(30)).await;
    cursors.extend(output.cursors.clone());
    let (found, ..) = seen(&output);
    assert_eq!(found.len(), 2);
    assert!(found.iter().zip(&changes).all(|(found, change)| found.is_same(change)));
    let by = found[0].by.as_ref().unwrap();
    assert_eq!((by.call.as_str(), by.who.as_str(), by.at), ("UpdateFunctionConfiguration", "soyoung", later(5)));
    fake.take();
    let (nothing, ..) = seen(&third.poll(later(45)).await);
    assert!(
        nothing.is_empty() && !fake.take().iter().any(|call| call.starts_with(TRAIL)),
        "what is known is not asked"
    );
}

#[tokio::test]
async fn a_call_that_never_shows_is_asked_for_only_for_a_while_and_denied_is_fine() {
    let fake = Fake::of(&[("lambda:ListFunctions", &functions(512, "x"))]);
    let mut source = source(&fake, &[MapKind::Function], None);
    source.poll(noon()).await;
    fake.answer("lambda:ListFunctions", Ok(functions(256, "x")));
    fake.answer(TRAIL, Err(FailureKind::Denied));
    let (changes, failures, answered) = seen(&source.poll(later(15)).await);
    assert!(changes.len() == 1 && failures.is_empty() && answered, "the change has a range of time only");
    fake.take();
    for (minute, asks) in [(30, true), (59, true), (61, true), (75, false)] {
        source.poll(later(minute)).await;
        assert_eq!(fake.take().iter().any(|call| call.starts_with(TRAIL)), asks, "{minute}");
    }
}

#[tokio::test]
async fn a_kind_that_may_not_be_read_is_unknown_and_no_change_and_the_others_are_read() {
    let kinds = [MapKind::Function, MapKind::LambdaLimit];
    let limits = |limit: u32| format!(r#"{{"AccountLimit":{{"ConcurrentExecutions":{limit}}}}}"#);
    let fake = Fake::of(&[("lambda:ListFunctions", &functions(512, "x")), (TRAIL, NO_EVENTS)]);
    fake.answer("lambda:GetAccountSettings", Ok(limits(10)));
    let mut source = source(&fake, &kinds, None);
    source.poll(noon()).await;

    fake.answer("lambda:ListFunctions", Err(FailureKind::Denied));
    fake.answer("lambda:GetAccountSettings", Ok(limits(20)));
    let output = source.poll(later(15)).await;
    let (changes, failures, answered) = seen(&output);
    assert_eq!(changes.iter().map(Change::words).collect::<Vec<_>>(), ["concurrency 10 -> 20"]);
    assert!(failures.len() == 1 && !answered);
    assert!(
        failures[0].next_step.starts_with("allow lambda:ListFunctions ")
            && failures[0].next_step.contains("until then changes of functions are not seen"),
        "{}",
        failures[0]
    );
    let map = stored_map(&output.cursors);
    let unknown = &map.unknown;
    assert_eq!(map.read, Some(later(15)));
    assert!(unknown.len() == 1 && unknown[0].0 == MapKind::Function && unknown[0].1.contains("lambda:ListFunctions"));

    // What passes leaves the picture as it was; what was forbidden begins anew.
    fake.answer("lambda:ListFunctions", Ok(functions(256, "x")));
    fake.answer("lambda:GetAccountSettings", Err(FailureKind::NoAnswer));
    assert!(seen(&source.poll(later(30)).await).0.is_empty());
    fake.answer("lambda:ListFunctions", Ok(functions(128, "x")));
    fake.answer("lambda:GetAccountSettings", Ok(limits(30)));
    let (changes, failures, answered) = seen(&source.poll(later(45)).await);
    let told: Vec<(String, DateTime<Utc>)> = changes.iter().map(|change| (change.words(), change.since)).collect();
    assert_eq!(
        told,
        [("memory 256 MB -> 128 MB".to_owned(), later(30)), ("concurrency 20 -> 30".to_owned(), later(15))]
    );
    assert!(failures.is_empty() && answered);
}

#[tokio::test]
async fn a_permission_that_several_kinds_need_is_told_once_with_all_of_them() {
    let fake = Fake::of(&[]);
    fake.answer("apigateway:GET", Err(FailureKind::Denied));
    let kinds = [MapKind::RestApi, MapKind::RestStage, MapKind::HttpApi];
    let (_, failures, answered) = seen(&source(&fake, &kinds, None).poll(noon()).await);
    assert!(failures.len() == 1 && !answered, "{failures:?}");
    let said = "allow apigateway:GET for this identity (`monitor iam-policy`); until then changes of rest_apis, rest_stages, http_apis are not seen";
    assert!(failures[0].next_step.starts_with(said), "{}", failures[0]);
}

#[tokio::test]
async fn a_kind_that_is_no_longer_read_is_no_longer_known_and_begins_anew() {
    let fake = Fake::of(&[("lambda:ListFunctions", &functions(512, "x"))]);
    fake.answer("lambda:GetAccountSettings", Err(FailureKind::Denied));
    let both = [MapKind::Function, MapKind::LambdaLimit];
    let mut cursors: BTreeMap<String, String> =
        source(&fake, &both, None).poll(noon()).await.cursors.into_iter().collect();
    let unknown =
        |cursors: &BTreeMap<String, String>| stored_map(&cursors.clone().into_iter().collect::<Vec<_>>()).unknown.len();
    assert_eq!(unknown(&cursors), 1);
    for (minute, kinds) in [(15, &[][..]), (30, &both[..1])] {
        fake.answer("lambda:ListFunctions", Ok(functions(256, "x")));
        let mut source = source(&fake, kinds, None);
        source.restore(cursors.clone());
        let output = source.poll(later(minute)).await;
        assert!(seen(&output).0.is_empty(), "{kinds:?}");
        cursors.extend(output.cursors);
        assert_eq!(unknown(&cursors), 0);
    }
}

#[tokio::test]
async fn without_credentials_one_call_is_made_and_one_failure_told() {
    let fake = Fake::of(&[]);
    fake.answer("", Err(FailureKind::NoCredentials));
    let all: Vec<MapKind> = MapKind::ALL.iter().map(|(_, kind)| *kind).collect();
    let (changes, failures, answered) = seen(&source(&fake, &all, None).poll(noon()).await);
    assert_eq!((changes.len(), failures.len(), answered, fake.take().len()), (0, 1, false, 1));
}

/// An account with 500 functions, 60 APIs, 40 schedules, 200 certificates and 2,000 log groups.
fn large() -> Arc<Fake> {
    let fake = Fake::of(&[
        ("", r#"{}"#),
        (TRAIL, NO_EVENTS),
        ("secretsmanager:ListSecrets", r#"{"SecretList":[]}"#),
        ("lambda:ListEventSourceMappings", r#"{"EventSourceMappings":[]}"#),
        ("lambda:GetAccountSettings", r#"{"AccountLimit":{}}"#),
        ("lambda:ListFunctionUrlConfigs", r#"{"FunctionUrlConfigs":[]}"#),
        ("lambda:ListAliases", r#"{"Aliases":[]}"#),
        ("lambda:ListProvisionedConcurrencyConfigs", r#"{"ProvisionedConcurrencyConfigs":[]}"#),
        ("events:ListEventBuses", r#"{"EventBuses":[{"Name":"default"}]}"#),
        ("events:ListRules", r#"{"Rules":[]}"#),
        (
            "route53:",
            "<ListHostedZonesResponse><HostedZones></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>",
        ),
        ("scheduler:GetSchedule", r#"{"ScheduleExpression":"rate(1 day)","Target":{"Arn":"arn:x"}}"#),
    ]);
    fake.answer("lambda:GetPolicy", Err(FailureKind::NotFound));
    let pages = |call: &dyn Fn(usize) -> String,
                 items: &str,
                 next: &str,
                 one: &dyn Fn(usize) -> String,
                 count: usize,
                 size: usize| {
        for page in 0..count.div_ceil(size) {
            let listed: Vec<String> = (page * size..count.min((page + 1) * size)).map(one).collect();
            let more = if (page + 1) * size < count { format!(r#","{next}":"{}""#, page + 1) } else { String::new() };
            fake.answer(&call(page), Ok(format!(r#"{{"{items}":[{}]{more}}}"#, listed.join(","))));
        }
    };
    let marker = |page: usize| if page == 0 { String::new() } else { format!("&Marker={page}") };
    pages(
        &|page| format!("lambda:ListFunctions /2015-03-31/functions?MaxItems=50{}", marker(page)),
        "Functions",
        "NextMarker",
        &|n| format!(r#"{{"FunctionName":"f{n:03}","FunctionArn":"arn:aws:lambda:us-east-1:1:function:f{n:03}"}}"#),
        500,
        50,
    );
    let token = |page: usize| if page == 0 { "}".to_owned() } else { format!(r#","nextToken":"{page}"}}"#) };
    pages(
        &|page| format!(r#"logs:DescribeLogGroups {{"limit":50{}"#, token(page)),
        "logGroups",
        "nextToken",
        &|n| format!(r#"{{"logGroupName":"/g/{n:04}"}}"#),
        2000,
        50,
    );
    let list = |call: &str, items: &str, one: &dyn Fn(usize) -> String, count: usize| {
        pages(&|_| call.to_owned(), items, "none", one, count, count);
    };
    list("apigateway:GET /restapis?", "item", &|n| format!(r#"{{"id":"r{n}"}}"#), 30);
    list("apigateway:GET /v2/apis?", "items", &|n| format!(r#"{{"apiId":"h{n}"}}"#), 30);
    list("scheduler:ListSchedules", "Schedules", &|n| format!(r#"{{"Name":"s{n}"}}"#), 40);
    list("acm:ListCertificates", "CertificateSummaryList", &|n| format!(r#"{{"CertificateArn":"arn/c{n}"}}"#), 200);
    fake
}

/// A whole poll at the pace of a clock: what it gave, how long it took, and its calls.
async fn whole(source: &mut impl Source, fake: &Fake, clock: &SimulatedClock) -> (PollOutput, TimeDelta, Vec<String>) {
    let start = clock.now();
    let mut output = source.poll(start).await;
    while let Some(at) = output.go_on_at {
        assert!(output.observations.is_empty() && output.cursors.is_empty(), "nothing is given out before the end");
        clock.wait_until(at, false).await;
        output = source.go_on(clock.now()).await;
    }
    (output, clock.now() - start, fake.take())
}

#[tokio::test]
async fn a_large_account_is_read_within_a_minute_and_again_with_200_calls() {
    let (fake, clock) = (large(), Arc::new(SimulatedClock::starting_at(noon())));
    let all: Vec<MapKind> = MapKind::ALL.iter().map(|(_, kind)| *kind).collect();
    let mut source = source(&fake, &all, Some(&clock));
    let (output, took, calls) = whole(&mut source, &fake, &clock).await;
    let (changes, failures, answered) = seen(&output);
    assert!(changes.is_empty() && failures.is_empty() && answered, "{changes:?} {failures:?}");
    assert!(took < TimeDelta::seconds(60), "the first picture took {took}");
    let mut policies = calls.iter().filter(|call| call.starts_with("lambda:GetPolicy")).count();
    for _ in 0..40 {
        clock.wait_until(clock.now() + TimeDelta::minutes(15), false).await;
        let (output, took, calls) = whole(&mut source, &fake, &clock).await;
        let (changes, failures, _) = seen(&output);
        assert!(changes.is_empty() && failures.is_empty(), "what is read later is not new: {changes:?}");
        assert!(calls.len() <= 200, "a later poll made {} calls", calls.len());
        assert!(took < TimeDelta::seconds(20), "a later poll took {took}");
        policies += calls.iter().filter(|call| call.starts_with("lambda:GetPolicy")).count();
    }
    assert_eq!(policies, 500, "within a day every function is read once");
}

#[tokio::test]
async fn a_survey_is_the_first_picture_with_what_may_not_be_read() {
    use crate::account::survey::{AccountSurvey, SurveyStep};
    let clock = Arc::new(SimulatedClock::starting_at(noon()));
    let fake = Fake::of(&[
        ("lambda:ListFunctions", &functions(512, "s3cr3t")),
        ("lambda:ListAliases", r#"{"Aliases":[]}"#),
        ("lambda:ListFunctionUrlConfigs", r#"{"FunctionUrlConfigs":[]}"#),
        ("lambda:GetPolicy", r#"{"Policy":"{\"Statement\":[]}"}"#),
        ("lambda:GetFunctionConcurrency", "{}"),
        ("lambda:ListProvisionedConcurrencyConfigs", r#"{"ProvisionedConcurrencyConfigs":[]}"#),
        ("lambda:GetAccountSettings", r#"{"AccountLimit":{}}"#),
        ("lambda:ListEventSourceMappings", r#"{"EventSourceMappings":[]}"#),
        ("logs:", r#"{"logGroups":[]}"#),
        ("events:ListEventBuses", r#"{"EventBuses":[]}"#),
        ("scheduler:", r#"{"Schedules":[]}"#),
        ("acm:", r#"{"CertificateSummaryList":[]}"#),
        ("route53:", "no XML"),
    ]);
    fake.answer("secretsmanager:", Err(FailureKind::Denied));
    fake.answer("apigateway:", Err(FailureKind::Denied));
    let mut survey = AccountSurvey::new(&account(&fake, Some(&clock)));
    assert_eq!(survey.finished(), 0);
    let mut waits = 0;
    let surveyed = loop {
        match survey.step(clock.now()).await {
            SurveyStep::Done(done) => break done.unwrap(),
            SurveyStep::Wait(at) => {
                waits += 1;
                assert!(survey.finished() < MapKind::ALL.len());
                clock.wait_until(at, false).await;
            }
        }
    };
    assert!(waits > 1, "nine calls to Lambda take three seconds");
    assert_eq!(surveyed.len(), MapKind::ALL.len());
    for (kind, read) in surveyed {
        let call = match kind {
            MapKind::Secret => Some("secretsmanager:ListSecrets"),
            MapKind::DnsZone | MapKind::DnsRecord => Some("route53:ListHostedZones"),
            _ if kind.service() == "apigateway.amazonaws.com" => Some("apigateway:GET"),
            _ => None,
        };
        assert_eq!(read.err().map(|failure| failure.call).as_deref(), call, "{kind:?}");
    }

    let nobody = Fake::of(&[]);
    nobody.answer("", Err(FailureKind::NoCredentials));
    let mut survey = AccountSurvey::new(&account(&nobody, None));
    let SurveyStep::Done(Err(failure)) = survey.step(noon()).await else { panic!("no call can succeed") };
    assert_eq!(failure.kind, FailureKind::NoCredentials);
}
