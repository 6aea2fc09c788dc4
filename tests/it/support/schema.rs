//! Whether JSON follows a schema of `docs/`, by the reference validator for Python.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::install;

const CHECK: &str = "import json,sys,jsonschema
schema=json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
for e in jsonschema.Draft202012Validator(schema).iter_errors(json.load(sys.stdin)): print(e.json_path, e.message)";

/// Fails with every deviation of `value` from the schema at `path` in the repository.
pub(crate) fn holds(path: &str, value: &Value) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut child = Command::new(install::python())
        .args(["-c", CHECK])
        .arg(schema)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    child.stdin.take().expect("stdin").write_all(value.to_string().as_bytes()).expect("the value");
    let output = child.wait_with_output().expect("python ends");
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{path}: {}{}\n{value:#}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
