//! `monitor check --live`: permissions are checked without side effects.

use serde_json::{Value, json};

use crate::support::program::monitor;
use crate::support::stack::aws_env;
use crate::world::World;

const TABLES: &str =
    "[warm.there]\nevery = \"2m\"\nfunction = \"backend-dev\"\n[warm.gone]\nevery = \"2m\"\nfunction = \"not-there\"\n";

/// How many lines the function has logged, and so whether it was called.
async fn lines(world: &World) -> usize {
    let logged = world
        .ministack
        .try_call("logs", "Logs_20140328.FilterLogEvents", &json!({"logGroupName": "/aws/lambda/backend-dev"}))
        .await;
    logged.ok().and_then(|answer| answer["events"].as_array().map(Vec::len)).unwrap_or(0)
}

#[test]
fn missing_credentials_are_one_line_that_says_what_stays_blind() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = "[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n[watch.backend]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"f\"] }\n\
                  [receiver.x]\nvia.stdout = {}\n";
    std::fs::write(folder.path().join("alerts.toml"), format!("{tables}{TABLES}")).expect("the configuration");
    let without = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let output = monitor(folder.path())
        .args(["check", "--live", "--format", "json"])
        .envs(aws_env("http://127.0.0.1:9", &[]))
        .envs(without)
        .run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let looks: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let failed: Vec<&Value> =
        looks["looks"].as_array().expect("looks").iter().filter(|look| look["fine"] == false).collect();
    assert_eq!(failed.len(), 1, "{looks:#}");
    let said = failed[0]["said"].as_str().unwrap_or_default();
    assert!(
        said.contains("no usable credentials") && said.contains("watch.backend, watch.spend, warm.gone, warm.there"),
        "{said}"
    );
}

#[test]
fn a_watched_endpoint_needs_no_credentials_and_does_not_stay_blind_without_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = "[watch.site]\nevery = \"5m\"\nread.endpoint = { url = \"https://www.example.one/\" }\n";
    let spend = "[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n";
    for (tables, code, expected) in [
        (endpoint.to_owned(), 0, "ok     credentials: none are needed, no watch asks AWS"),
        (format!("{endpoint}{spend}"), 2, "none of their calls was tried: watch.spend\n"),
    ] {
        std::fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
        let without = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
        let env = aws_env("http://127.0.0.1:9", &[]);
        let output = monitor(folder.path()).args(["check", "--live"]).envs(env).envs(without).run();
        assert_eq!(output.code, Some(code), "{}{}", output.stdout, output.stderr);
        assert!(output.stdout.contains(expected), "{}", output.stdout);
    }
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_one_line_that_says_what_stays_blind() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = "[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n[watch.map]\nevery = \"1h\"\nread.account = {}\n[receiver.x]\nvia.stdout = {}\n";
    std::fs::write(folder.path().join("alerts.toml"), format!("{tables}{TABLES}")).expect("the configuration");
    let run = || {
        let args = ["check", "--live", "--format", "json"];
        let output = monitor(folder.path()).args(args).envs(aws_env("http://127.0.0.1:9", &[])).run();
        assert_eq!(output.code, Some(2), "{}", output.stderr);
        output.stdout
    };
    let first = run();
    assert_eq!(first, run(), "the same in any order of the answers");
    let looks: Value = serde_json::from_str(&first).expect("JSON");
    crate::support::schema::holds("docs/check.schema.json", &looks);
    let failed: Vec<&Value> =
        looks["looks"].as_array().expect("looks").iter().filter(|look| look["fine"] == false).collect();
    assert_eq!(failed.len(), 1, "{looks:#}");
    let said = failed[0]["said"].as_str().unwrap_or_default();
    assert!(failed[0]["what"] == "network" && said.contains("the endpoint cannot be reached"), "{said}");
    assert!(said.contains("watch.map, watch.spend, warm.gone, warm.there"), "{said}");
}

#[tokio::test]
async fn whether_a_function_may_be_called_is_tried_without_calling_it() {
    let world = World::new().await;
    world.configure(TABLES);
    world
        .ministack
        .create_function("backend-dev", "def handler(event, context):\n    print('called')\n    return event\n", 3, 256)
        .await;

    let output = world.monitor(&["check", "--live", "--format", "json"]).run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let looks: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let look = |function: &str| {
        let what = format!("lambda:InvokeFunction on {function}");
        looks["looks"]
            .as_array()
            .and_then(|all| all.iter().find(|look| look["what"] == what.as_str()))
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        (look("backend-dev")["fine"].as_bool(), look("not-there")["fine"].as_bool()),
        (Some(true), Some(false)),
        "{looks:#}"
    );
    assert!(
        look("not-there")["said"]
            .as_str()
            .is_some_and(|said| said.contains("ResourceNotFound") && said.contains("check the name")),
        "{looks:#}"
    );
    assert_eq!(lines(&world).await, 0, "a dry run leaves no line in the log");

    world.monitor(&["run", "--once"]).run();
    assert!(lines(&world).await > 0, "a ping does");
}
