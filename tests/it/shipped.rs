//! No secret leaves the program. These run against the file that is shipped, too: `.ci/run` sets `MONITOR_BINARY`.

use tempfile::TempDir;

use crate::support::program::monitor;

/// A line of an application, and what of it must not be printed.
const SECRETS: &[(&str, &[&str])] = &[
    ("password=hunter3 postgres://a:b2b@c/d", &["hunter3", "a:b2b"]),
    ("Password: hunter3", &["hunter3"]),
    ("{\"client_secret\": \"s3cr3t-value\"}", &["s3cr3t-value"]),
    ("API_KEY=abc123def", &["abc123def"]),
    ("Authorization: Bearer abcdefgh12345678", &["abcdefgh12345678"]),
    ("authorization: basic dXNlcjpwYXNzd29yZA==", &["dXNlcjpwYXNzd29yZA"]),
    ("Set-Cookie: session=0123456789; Path=/", &["0123456789"]),
    ("GET https://b.s3.amazonaws.com/k?X-Amz-Signature=0123abcd", &["0123abcd"]),
    ("AccountKey=Zm9vYmFy;EndpointSuffix=core", &["Zm9vYmFy"]),
    ("--password hunter3", &["hunter3"]),
];

#[test]
fn diagnose_prints_no_secret_of_an_error_line() {
    for (line, secrets) in SECRETS {
        let id = "e11db634-ef8a-4258-9d46-0b5e878cd834";
        let log = format!(
            "START RequestId: {id} Version: $LATEST\n[ERROR] ConnectionError: {line}\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 50 MB\t\n"
        );
        let folder = TempDir::new().expect("a folder");
        let output = monitor(folder.path()).args(["diagnose"]).input(log).run();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stdout.contains("ConnectionError"), "{}", output.stdout);
        for secret in *secrets {
            assert!(!output.stdout.contains(secret), "{line}: {}", output.stdout);
        }
    }
}

#[test]
fn check_prints_no_secret_of_a_configuration_with_a_mistake() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("alerts.toml"), "[receiver.team]\nvia.slack = { WebHook = \"hunter3\", sort = 1 }\n").expect("a file");
    let output = monitor(folder.path()).args(["check"]).run();
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    assert!(output.stderr.contains("WebHook") && !output.stderr.contains("hunter3"), "{}", output.stderr);
}
