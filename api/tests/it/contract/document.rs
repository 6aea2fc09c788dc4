//! The OpenAPI document says what the server does: a program that reads it asks all that it allows, and much that it
//! does not.

use std::process::{Command, Stdio};
use std::sync::Arc;

use super::harness::World;
use super::process::Process;

/// Pinned, because another version asks other things.
const PACKAGE: &str = "schemathesis==4.32.5";
/// What must hold of every answer. What the document cannot say, such as which rows there are, is the other areas' to
/// ask.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
response_headers_conformance,unsupported_method,allow_header_conformance,ignored_auth";

/// Asks a server of its own, with the same questions each time.
pub(super) async fn holds(process: Process) {
    let world = World::new(process);
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let todo = ann.dated(category, "a", "2024-11-05").await;
    ann.sub(todo, "a").await;
    let address = format!("{}/openapi.json", world.process().base());
    let token = format!("Authorization: Bearer {}", ann.access);
    let run = move || {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(test_stack::install::program(PACKAGE, "schemathesis"));
        command.args(["run", &address, "--header", &token, "--checks", CHECKS]);
        // After this, the token would no longer be valid.
        command.args(["--exclude-operation-id", "delete_user"]);
        command.args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "15",
            "--seed",
            "1",
            "--generation-database",
            "none",
        ]);
        command.args(["--workers", "1", "--continue-on-failure", "--no-color"]);
        command
            .env_clear()
            .env("HOME", folder.path())
            .env("NO_PROXY", "*")
            .env("PYTHONUTF8", "1")
            .current_dir(folder.path());
        command.stdin(Stdio::null()).output().expect("start it")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("a thread");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // It did ask.
    let asked = said.split_once(" generated,").and_then(|(before, _)| before.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(asked.is_some_and(|asked| asked > 500), "{said}");
    let faults = super::in_the_log(&Arc::clone(&world));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
