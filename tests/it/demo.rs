//! `monitor demo` shows the story of December 2024.

use tempfile::TempDir;

use crate::support::program::monitor;

#[test]
fn the_demo_names_the_bill_the_function_its_cause_and_that_pinging_cannot_help() {
    let folder = TempDir::new().expect("a folder");
    let output = monitor(folder.path()).args(["demo"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    for expected in [
        "2024-12-23 12:10:00 KST  [warning] Amazon Relational Database Service jumped to 2.00 USD on 2024-12-20",
        "Amazon Relational Database Service costs 12.20 USD in 2024-12 so far, over 10.00 USD",
        "[critical] backend-dev: the init phase takes too long (slow_cold_start)",
        "Pings cannot help",
        "Report for December 2024",
        "Amazon Relational Database Service  25.03 USD",
        "Total 36.10 USD (settled)",
    ] {
        assert!(output.stdout.contains(expected), "`{expected}` is not in:\n{}", output.stdout);
    }
    assert_eq!(
        output.stderr.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).count(),
        0,
        "{}",
        output.stderr
    );
    assert!(std::fs::read_dir(folder.path()).expect("the folder").next().is_none(), "the demo leaves nothing behind");
}

#[test]
fn two_demos_say_the_same() {
    let folder = TempDir::new().expect("a folder");
    let said = || {
        let output = monitor(folder.path()).args(["demo"]).run();
        output.stdout.lines().filter(|line| !line.starts_with("Two weeks in")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(said(), said());
}
