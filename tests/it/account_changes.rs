//! `read.account` over an emulated account that is changed between two passes.

use serde_json::{Value, json};
use test_stack::install;

use crate::support::program::monitor;
use crate::support::schema;
use crate::support::stack::{Emulator, aws_env};

/// A value that must be in no file and in no output.
const MARKER: &str = "marker-8f3a1c-never-kept";

const TABLES: &str = "[watch.account]\nevery = \"15m\"\nread.account = { kinds = [\"functions\", \"secrets\", \"log_groups\", \"event_rules\", \"rule_targets\", \"rest_apis\", \"rest_stages\", \"http_apis\", \"event_source_mappings\", \"dns_zones\", \"certificates\", \"function_aliases\"] }\n\
    [receiver.x]\nvia.stdout = {}\n\
    [alert.memory]\nwhen.changed = { kinds = [\"functions\"], settings = [\"memory\"] }\ntell = [\"x\"]\n";

/// Runs Python with boto3 against an emulator; `c(service)` is a client.
pub(crate) fn python(emulator: &Emulator, script: &str) {
    let start = format!(
        "import boto3\ndef c(service): return boto3.client(service, endpoint_url='{}', region_name='ap-northeast-2', aws_access_key_id='test', aws_secret_access_key='test')\n",
        emulator.url()
    );
    let output = std::process::Command::new(install::python())
        .args(["-c", &format!("{start}{script}")])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .output()
        .expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

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
