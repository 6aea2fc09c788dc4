//! A developer's machine: no settings at all, and a signing key that only the commands that sign make.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use test_stack::leash;

use crate::contract::process::Program;

/// The program in a folder, without any settings.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = leash::command(env!("CARGO_BIN_EXE_onestep-api").as_ref());
    command
        .env_clear()
        .envs(["PATH", "LLVM_PROFILE_FILE"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.args(arguments).current_dir(folder).env("PORT", "0").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().expect("run the program")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_commands_that_sign_make_the_key_and_a_token_is_good_for_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("onestep.db.key");

    let premium = run(folder.path(), &["premium", "me@example.com"]);
    let said = String::from_utf8_lossy(&premium.stderr).into_owned();
    assert_eq!(premium.status.code(), Some(1), "{said}");
    assert!(said.contains("me@example.com"), "{said}");
    assert!(!key.exists(), "a command that signs nothing makes no key");

    let token = run(folder.path(), &["token", "me@example.com"]);
    assert!(token.status.success(), "{}", String::from_utf8_lossy(&token.stderr));
    assert!(key.exists());
    assert!(run(folder.path(), &["premium", "me@example.com"]).status.success());

    let server = Program::start(program(folder.path(), &["serve"])).await;
    let token = String::from_utf8(token.stdout).expect("text");
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let answer = http
        .get(format!("http://{}/auth/user/", server.address()))
        .bearer_auth(token.trim())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let user: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!((&user["username"], &user["isPremium"]), (&"me@example.com".into(), &true.into()));
}
