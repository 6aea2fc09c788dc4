//! An account that uses two regions, in an emulator that was filled from outside.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::stack::{Emulator, aws_env};
use crate::world::{ago, now, python};

const FILL: &str = r#"
import io, json, zipfile
def of(service, region): return boto3.client(service, endpoint_url=c('sts').meta.endpoint_url, region_name=region, aws_access_key_id='test', aws_secret_access_key='test')
out = io.BytesIO()
with zipfile.ZipFile(out, 'w') as z: z.writestr('app.py', 'x')
role = c('iam').create_role(RoleName='shop', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
for region, name in [('ap-northeast-2', 'backend'), ('us-east-1', 'backend'), ('us-east-1', 'edge')]:
    of('lambda', region).create_function(FunctionName=name, Runtime='python3.12', Role=role, Handler='app.run', Code={'ZipFile': out.getvalue()})
of('rds', 'eu-west-3').create_db_instance(DBInstanceIdentifier='forgotten', DBInstanceClass='db.t4g.micro', Engine='postgres', AllocatedStorage=20, MasterUsername='u', MasterUserPassword='marker-password')
"#;

/// Writes so many invocations into a group of a region.
async fn log(moto: &Emulator, region: &str, group: &str, count: usize) {
    let call = async |action: &str, body: Value| {
        let answer = moto.call_in(region, "logs", &format!("Logs_20140328.{action}"), &body).await;
        answer.unwrap_or_else(|problem| panic!("{action} in {region}: {problem}"));
    };
    call("CreateLogGroup", json!({"logGroupName": group})).await;
    let name = json!({"logGroupName": group, "logStreamName": "2026/11/22/[$LATEST]60cefc4c"});
    call("CreateLogStream", name).await;
    let report = |number: usize| {
        let message = format!(
            "REPORT RequestId: 11111111-1111-4111-8111-{number:012}\tDuration: 10.00 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
        );
        json!({"timestamp": ago(60), "message": message})
    };
    let events: Vec<Value> = (0..count).map(report).collect();
    let body = json!({"logGroupName": group, "logStreamName": "2026/11/22/[$LATEST]60cefc4c", "logEvents": events});
    call("PutLogEvents", body).await;
}

#[track_caller]
fn done(output: Output) -> Output {
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    output
}

#[tokio::test]
async fn functions_of_the_same_name_in_two_regions_are_two_and_the_edge_is_read_where_it_ran() {
    let moto = Emulator::moto().await;
    python(&moto, FILL);
    log(&moto, "ap-northeast-2", "/aws/lambda/backend", 1).await;
    log(&moto, "us-east-1", "/aws/lambda/backend", 2).await;
    log(&moto, "ap-northeast-2", "/aws/lambda/us-east-1.edge", 3).await;
    // It is not watched.
    log(&moto, "eu-west-3", "/aws/lambda/backend", 4).await;
    let folder = TempDir::new().expect("a folder");
    let run = |args: &[&str]| monitor(folder.path()).args(args).envs(aws_env(&moto.url(), &[])).run();
    let write = |functions: &str| {
        let text = format!(
            "[aws]\nregions = [\"ap-northeast-2\", \"us-east-1\"]\n[watch.logs]\nevery = \"1m\"\nread.lambda_logs = {{ functions = [{functions}] }}\n\
             [alert.cold]\nwhen.cold_starts = {{ share = \"50%\" }}\ntell = [\"out\"]\n[receiver.out]\nvia.stdout = {{}}\n"
        );
        fs::write(folder.path().join("alerts.toml"), text).expect("the configuration");
    };
    let counts = || {
        let report = done(run(&["report", "--month", &now().format("%Y-%m").to_string(), "--format", "json"]));
        let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
        let lines = report["lambda"].as_array().cloned().unwrap_or_default();
        let count = |line: &Value| {
            (line["function"].as_str().unwrap_or_default().to_owned(), line["invocations"].as_u64().unwrap_or(0))
        };
        let mut counts: Vec<(String, u64)> = lines.iter().map(count).collect();
        counts.sort();
        counts
    };
    let expected = [("backend", 1), ("backend@us-east-1", 2), ("us-east-1.edge", 3)];
    let expected: Vec<(String, u64)> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();

    // By name: no region but the main one must have what is named, here `edge` in us-east-1, which has no log yet.
    write("\"backend\", \"edge*\"");
    done(run(&["run", "--once"]));
    assert_eq!(counts(), expected);
    // What was read is not read again, in either region.
    write("\"*\"");
    done(run(&["run", "--once"]));
    assert_eq!(counts(), expected);

    let status: Value = serde_json::from_str(&run(&["status", "--format", "json"]).stdout).expect("JSON");
    let sources = status["sources"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = sources.iter().filter_map(|source| source["name"].as_str()).collect();
    assert_eq!(names, ["watch.logs", "watch.logs@us-east-1"]);
    let policy = done(run(&["iam-policy"])).stdout;
    for arn in
        ["arn:aws:logs:ap-northeast-2:*:log-group:/aws/lambda/*", "arn:aws:logs:us-east-1:*:log-group:/aws/lambda/*"]
    {
        assert!(policy.contains(arn), "{policy}");
    }
}

#[tokio::test]
async fn init_finds_the_regions_that_have_anything() {
    let moto = Emulator::moto().await;
    python(&moto, FILL);
    let folder = TempDir::new().expect("a folder");
    let run = |args: &[&str]| monitor(folder.path()).args(args).envs(aws_env(&moto.url(), &[])).run();
    let written = |args: &[&str]| {
        let output = run(&[&["init", "--yes", "--no-bill", "--dry-run"], args].concat());
        done(output).stdout.lines().find(|line| line.starts_with("regions = ")).map(str::to_owned)
    };
    assert_eq!(written(&[]).as_deref(), Some("regions = [\"ap-northeast-2\", \"eu-west-3\", \"us-east-1\"]"));
    assert_eq!(written(&["--no-other-regions"]), None);
    let named = ["--other-region", "sa-east-1"];
    assert_eq!(written(&named).as_deref(), Some("regions = [\"ap-northeast-2\", \"sa-east-1\"]"));

    done(run(&["init", "--yes", "--no-bill"]));
    done(run(&["check"]));
    done(run(&["run", "--once"]));
}
