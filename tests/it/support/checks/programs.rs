//! Programs are started in an empty environment and can be ended in each way.

use std::time::Duration;

use crate::support::program::{Program, monitor};
use crate::support::server::temporary_folder;

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn the_program_runs() {
    let dir = temporary_folder("program");
    let output = monitor(dir.path()).args(["--help"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!output.stdout.is_empty());
}

#[test]
fn the_environment_is_empty_but_for_what_is_given() {
    let dir = temporary_folder("program");
    let output = Program::new("sh", dir.path())
        .args(["-c", "pwd; echo \"$HOME\"; env | cut -d= -f1 | sort; exit 3"])
        .env("ONE", "1")
        .envs([("TWO", "2")])
        .run();
    let dir = dir.path().display();
    assert!(output.stdout.starts_with(&format!("{dir}\n{dir}\n")), "{}", output.stdout);
    let ours = output.stdout.lines().skip(2);
    let ours: Vec<&str> = ours.filter(|name| !["PWD", "SHLVL", "_"].contains(name)).collect();
    let expected = ["HOME", "LLVM_PROFILE_FILE", "ONE", "PATH", "TWO"];
    let coverage = std::env::var_os("LLVM_PROFILE_FILE").is_some();
    let expected = expected.into_iter().filter(|name| coverage || *name != "LLVM_PROFILE_FILE");
    assert_eq!(ours, expected.collect::<Vec<_>>());
    assert_eq!(output.code, Some(3));
}

#[test]
#[should_panic = "still runs after 100ms"]
fn a_run_has_a_limit() {
    let dir = temporary_folder("program");
    Program::new("sleep", dir.path()).args(["60"]).limit(Duration::from_millis(100)).run();
}

#[test]
fn a_program_can_be_asked_to_end_and_killed() {
    let dir = temporary_folder("program");
    let script = "trap 'echo bye >&2; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let start = || Program::new("sh", dir.path()).args(["-c", script]).spawn();

    let mut asked = start();
    asked.wait_for_text("up", LIMIT);
    asked.terminate();
    let output = asked.wait(LIMIT);
    assert_eq!((output.code, output.stderr.as_str()), (Some(7), "bye\n"));

    let mut killed = start();
    killed.wait_for_text("up", LIMIT);
    killed.kill9();
    assert_eq!(killed.wait(LIMIT).code, None);
}
