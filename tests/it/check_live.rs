//! `monitor check --live`: what may be done is tried without doing it.

use serde_json::{Value, json};

use crate::world::World;

const TABLES: &str = "[warm.there]\nevery = \"2m\"\nfunction = \"backend-dev\"\n[warm.gone]\nevery = \"2m\"\nfunction = \"not-there\"\n";

/// How many lines the function has logged, and so whether it was called.
async fn lines(world: &World) -> usize {
    let logged = world.ministack.try_call("logs", "Logs_20140328.FilterLogEvents", &json!({"logGroupName": "/aws/lambda/backend-dev"})).await;
    logged.ok().and_then(|answer| answer["events"].as_array().map(Vec::len)).unwrap_or(0)
}

#[tokio::test]
async fn whether_a_function_may_be_called_is_tried_without_calling_it() {
    let world = World::new().await;
    world.configure(TABLES);
    world.ministack.create_function("backend-dev", "def handler(event, context):\n    print('called')\n    return event\n", 3, 256).await;

    let output = world.monitor(&["check", "--live", "--format", "json"]).run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let looks: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let look = |function: &str| {
        let what = format!("lambda:InvokeFunction on {function}");
        looks["looks"].as_array().and_then(|all| all.iter().find(|look| look["what"] == what.as_str())).cloned().unwrap_or_default()
    };
    assert_eq!((look("backend-dev")["fine"].as_bool(), look("not-there")["fine"].as_bool()), (Some(true), Some(false)), "{looks:#}");
    assert!(look("not-there")["said"].as_str().is_some_and(|said| said.contains("ResourceNotFound") && said.contains("check the name")), "{looks:#}");
    assert_eq!(lines(&world).await, 0, "a dry run leaves no line in the log");

    world.monitor(&["run", "--once"]).run();
    assert!(lines(&world).await > 0, "a ping does");
}
