//! The program itself behind a real Runtime API.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_stack::function::Function;
use test_stack::server::temporary_folder;

use super::events::{function_url, rest, v2};

const PROGRAM: &str = env!("CARGO_BIN_EXE_onestep-api");

/// What the function needs to come up, with its rows in a folder.
fn settings(folder: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("ONESTEP_STORE", format!("sqlite:{}", folder.join("onestep.db").display())),
        ("ONESTEP_SECRET_KEY", "a key of a test, which is 32 bytes long or more".to_owned()),
        ("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "android.example".to_owned()),
        ("ONESTEP_APPLE_AUDIENCES", "com.example.app".to_owned()),
    ]
}

async fn start(settings: &[(&str, String)]) -> Function {
    let variables: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Function::new(Path::new(PROGRAM), &variables).await
}

/// An access token for a new account, as the program's own command line gives it.
fn token(settings: &[(&str, String)]) -> String {
    let variables = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let output = Command::new(PROGRAM)
        .args(["token", "me@example.com"])
        .env_clear()
        .envs(variables)
        .output()
        .expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a token").trim().to_owned()
}

fn with(mut event: Value, method: &str, token: &str, body: Option<&str>) -> Value {
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    match event.get("httpMethod").is_some() {
        true => event["httpMethod"] = json!(method),
        false => event["requestContext"]["http"]["method"] = json!(method),
    }
    event["body"] = json!(body);
    event
}

/// Status and body of the answer to a request.
async fn ask(function: &Function, event: &Value) -> (Value, Value) {
    let answer = function.invoke(event).await;
    let body = answer["body"].as_str().unwrap_or_default();
    (
        answer["statusCode"].clone(),
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{event}: {answer}\n{}", function.log())),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_is_answered_and_a_kill_between_them_loses_nothing() {
    let folder = temporary_folder("rows");
    let settings = settings(folder.path());
    let token = token(&settings);
    let function = start(&settings).await;

    let ping = function.invoke(&json!({"warmer": true, "concurrency": 2})).await;
    assert_eq!(
        (&ping["warm"], &ping["new"], &ping["served"], &ping["held_ms"]),
        (&json!(true), &json!(true), &json!(1), &json!(79))
    );
    assert!(!function.log().contains("store"), "a ping brings nothing up:\n{}", function.log());

    // {"title":"물","color":3}
    let mut create = with(
        rest("dev", "/todos/category/", "/dev/todos/category/"),
        "POST",
        &token,
        Some("eyJ0aXRsZSI6IuusvCIsImNvbG9yIjozfQ=="),
    );
    create["isBase64Encoded"] = json!(true);
    let (status, category) = ask(&function, &create).await;
    assert_eq!((&status, &category["title"], &category["color"]), (&json!(201), &json!("물"), &json!(3)));

    let list = |event: Value| with(event, "GET", &token, None);
    let events = [
        list(rest("dev", "/dev/todos/category/", "/dev/todos/category/")),
        list(rest("dev", "/todos/category/", "/dev/todos/category/")),
        list(rest("prod", "/todos/category/", "/todos/category/")),
        list(v2("dev", "/dev/todos/category/", "user_id=1")),
        list(v2("$default", "/todos/category", "")),
        list(function_url("/todos/category/")),
    ];
    for event in &events {
        assert_eq!(ask(&function, event).await, (json!(200), json!([category])), "{event}");
    }

    for event in [json!(null), json!([]), json!("x"), json!({"Records": []})] {
        assert_eq!(function.invoke(&event).await, json!({"ignored": true}));
    }
    let job = function.invoke(&json!({"job": "unheard of"})).await;
    assert_eq!(
        (&job["errorType"], &job["errorMessage"]),
        (&json!("JobFailed"), &json!(r#"no such job: "unheard of""#))
    );
    let ping = function.invoke(&json!({"source": "serverless-plugin-warmup"})).await;
    assert_eq!((&ping["new"], &ping["served"], &ping["held_ms"]), (&json!(false), &json!(14), &json!(0)));

    function.kill_program().await;
    // The event that finds it dead fails, as on Lambda; the next one finds a new environment, and the rows.
    let found_dead = function.invoke(&events[0]).await;
    assert_eq!(found_dead["errorType"], "Runtime.ExitError");
    assert_eq!(ask(&function, &events[0]).await, (json!(200), json!([category])));
    let ping = function.invoke(&json!({"warmer": true})).await;
    assert_eq!((&ping["new"], &ping["served"]), (&json!(false), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_come_up_says_why_and_still_answers_pings() {
    let folder = temporary_folder("rows");
    // A folder that is not there.
    let function = start(&settings(&folder.path().join("nowhere"))).await;
    let (status, answer) = ask(&function, &with(function_url("/auth/user/"), "GET", "x", None)).await;
    assert_eq!(
        (&status, answer["error"].as_str().is_some_and(|error| error.contains("SQLite"))),
        (&json!(503), true),
        "{answer}"
    );
    assert_eq!(ask(&function, &function_url("/healthz")).await.0, 200);
    assert_eq!(function.invoke(&json!({"warmer": true})).await["served"], 3);
}
