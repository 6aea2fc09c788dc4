//! `read.account` over an emulated account that is changed between two passes.

use serde_json::{Value, json};

use crate::support::program::monitor;
use crate::support::schema;
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::{Reply, Webhook};
use crate::world::python;

/// A value that must be in no file and in no output.
const MARKER: &str = "marker-8f3a1c-never-kept";

const TABLES: &str = "[watch.account]\nevery = \"15m\"\nread.account = { kinds = [\"functions\", \"secrets\", \"log_groups\", \"event_rules\", \"rule_targets\", \"rest_apis\", \"rest_stages\", \"http_apis\", \"event_source_mappings\", \"dns_zones\", \"certificates\", \"function_aliases\"] }\n\
    [receiver.x]\nvia.stdout = {}\n\
    [alert.memory]\nwhen.changed = { kinds = [\"functions\"], settings = [\"memory\"] }\ntell = [\"x\"]\n";

const FILL: &str = r#"
import io, zipfile, json
def code(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z: z.writestr('app.py', text)
    return out.getvalue()
role = c('iam').create_role(RoleName='shop', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
for name in ['shop', 'back-end_2']:
    c('lambda').create_function(FunctionName=name, Runtime='python3.12', Role=role, Handler='app.run', Code={'ZipFile': code('x')}, MemorySize=512, Timeout=3, Environment={'Variables': {'TOKEN': 'MARKER', 'URL': 'https://x'}})
c('logs').create_log_group(logGroupName='/aws/lambda/shop')
c('secretsmanager').create_secret(Name='prod/db', SecretString='MARKER')
c('events').put_rule(Name='nightly', ScheduleExpression='rate(1 day)')
c('events').put_targets(Rule='nightly', Targets=[{'Id': '1', 'Arn': c('lambda').get_function(FunctionName='shop')['Configuration']['FunctionArn'], 'Input': '{"key": "MARKER"}'}])
api = c('apigateway').create_rest_api(name='Shop API')['id']
"#;

/// The changes, and everything that was written.
fn pass(folder: &std::path::Path, env: &[(String, String)], code: i32) -> (Value, String) {
    let run = monitor(folder).args(["run", "--once"]).envs(env.to_vec()).run();
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
    let changes = monitor(folder).args(["changes", "--format", "json"]).envs(env.to_vec()).run();
    assert_eq!(changes.code, Some(0), "{}", changes.stderr);
    let text = monitor(folder).args(["changes"]).run();
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    let document = serde_json::from_str(&changes.stdout).expect("JSON");
    schema::holds("docs/changes.schema.json", &document);
    (document, [run.stdout, run.stderr, changes.stdout, text.stdout].concat())
}

#[tokio::test]
async fn a_configuration_that_changed_between_two_passes_is_the_only_change() {
    let moto = Emulator::moto().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("alerts.toml"), TABLES).expect("the configuration");
    let env = aws_env(&moto.url(), &[]);
    python(&moto, &FILL.replace("MARKER", MARKER));

    let early = monitor(folder.path()).args(["changes", "--format", "json"]).run();
    let early: Value = serde_json::from_str(&early.stdout).expect("JSON");
    schema::holds("docs/changes.schema.json", &early);
    assert_eq!(early["sources"], json!([{"name": "watch.account", "read": null, "unknown": []}]));

    let (first, mut written) = pass(folder.path(), &env, 0);
    assert_eq!((&first["changes"], &first["sources"][0]["unknown"]), (&json!([]), &json!([])), "{written}");
    assert!(first["sources"][0]["read"].is_string(), "{first}");

    python(&moto, "c('lambda').update_function_configuration(FunctionName='shop', MemorySize=256)");
    let (second, more) = pass(folder.path(), &env, 0);
    written.push_str(&more);
    let changes = second["changes"].as_array().expect("changes");
    let told: Vec<Value> = changes
        .iter()
        .map(|one| json!([one["kind"], one["id"], one["setting"], one["from"], one["to"], one["functions"]]))
        .collect();
    assert_eq!(told, [json!(["function", "shop", "memory", "512 MB", "256 MB", ["shop"]])], "{written}");
    assert!(written.contains("function shop changed: memory 512 MB -> 256 MB"), "the rule tells it: {written}");

    // A secret in the environment shows by its digest alone.
    let update = "c('lambda').update_function_configuration(FunctionName='shop', Environment={'Variables': {'TOKEN': 'MARKER-2', 'NEW': 'x'}})";
    python(&moto, &update.replace("MARKER", MARKER));
    let (third, more) = pass(folder.path(), &env, 0);
    written.push_str(&more);
    let names: Vec<&str> =
        third["changes"].as_array().expect("changes").iter().filter_map(|one| one["setting"].as_str()).collect();
    assert_eq!(names, ["memory", "environment", "environment_digest"]);

    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("the file");
        let found = bytes.windows(MARKER.len()).any(|part| part == MARKER.as_bytes());
        assert!(!found, "{} has the value of a variable or a secret", path.display());
    }
    assert!(!written.contains(MARKER), "{written}");
}

#[test]
fn a_call_is_signed_for_its_service_and_a_missing_permission_leaves_the_others_known() {
    let denied = r#"{"__type":"com.amazonaws.logs#AccessDeniedException","message":"not allowed"}"#;
    let replies = vec![Reply::status(200).body(r#"{"Functions":[]}"#), Reply::status(400).body(denied)];
    let server = Webhook::start(replies);
    let folder = tempfile::tempdir().expect("a folder");
    let tables = "[watch.account]\nevery = \"15m\"\nread.account = { kinds = [\"functions\", \"log_groups\"] }\n[receiver.x]\nvia.stdout = {}\n";
    std::fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    let (document, written) = pass(folder.path(), &aws_env(&server.url(), &[]), 2);
    let requests = server.requests();
    let signed: Vec<(&str, &str, &str, bool)> = requests
        .iter()
        .zip(["/ap-northeast-2/lambda/aws4_request", "/ap-northeast-2/logs/aws4_request"])
        .map(|(request, scope)| {
            let is_signed = request.header("authorization").is_some_and(|header| header.contains(scope));
            (request.method.as_str(), request.path.as_str(), request.body.as_str(), is_signed)
        })
        .collect();
    assert_eq!(
        signed,
        [("GET", "/2015-03-31/functions?MaxItems=50", "", true), ("POST", "/", r#"{"limit":50}"#, true)]
    );
    assert_eq!(requests[1].header("x-amz-target"), Some("Logs_20140328.DescribeLogGroups"));
    assert_eq!(document["sources"][0]["unknown"][0]["kind"], "log_group");
    assert!(written.contains("until then changes of log_groups are not seen"), "{written}");
}
