//! `deploy/ci/`: deploying to an emulated Lambda that runs what it is given.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use test_stack::install;
use test_stack::server::temporary_folder;
use test_stack::stack::{Emulator, aws_env};

const PROGRAM: &str = env!("CARGO_BIN_EXE_onestep-api");

/// A program for Lambda that answers as `answer(path, arn)` says, with a status or with an exception.
const BOOTSTRAP: &str = r#"
import json, os, time, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
def call(address, body=None, method=None):
    return urllib.request.urlopen(urllib.request.Request(address, data=body, method=method))
def alias(arn):
    return arn.rsplit(":", 1)[-1]
ANSWER
while True:
    event = call(f"{api}/next")
    request, arn = event.headers["Lambda-Runtime-Aws-Request-Id"], event.headers["Lambda-Runtime-Invoked-Function-Arn"]
    asked = json.loads(event.read())
    try:
        status = answer(asked.get("rawPath") or asked["path"], arn)
        said = {"statusCode": status, "body": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}
        call(f"{api}/{request}/response", json.dumps(said).encode())
    except Exception as error:
        said = {"errorType": type(error).__name__, "errorMessage": "T0-marker"}
        call(f"{api}/{request}/error", json.dumps(said).encode())
"#;

const GOOD: &str = "def answer(path, arn): return 200 if path in ('/healthz', '/readyz') else 404";

/// Makes the function `shop` from the program at `bootstrap`, version 1 of it, and the alias `live`. `c` is a client of
/// Lambda.
const STACK: &str = r"
import io, os, sys, zipfile
archive = io.BytesIO()
with zipfile.ZipFile(archive, 'w') as packed: packed.write('bootstrap')
c.create_function(FunctionName='shop', Runtime='provided.al2023', Handler='bootstrap', Role='arn:aws:iam::000000000000:role/x',
    Code={'ZipFile': archive.getvalue()}, Timeout=30, MemorySize=512, Environment={'Variables': VARIABLES})
c.get_waiter('function_active_v2').wait(FunctionName='shop', WaiterConfig={'Delay': 1})
c.create_alias(FunctionName='shop', Name='live', FunctionVersion=c.publish_version(FunctionName='shop')['Version'])
";

/// An emulated account with the function `shop`, whose alias `live` has version 1.
struct Account {
    aws: Emulator,
    folder: TempDir,
}

impl Account {
    async fn new(variables: &Value) -> Self {
        let account = Self { aws: Emulator::ministack().await, folder: temporary_folder("deploy") };
        account.program("bootstrap", GOOD);
        account.python(&STACK.replace("VARIABLES", &variables.to_string()));
        account
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a program that answers like this.
    fn program(&self, name: &str, answer: &str) {
        let start = format!("#!{}\nURL = {:?}\n", install::python().display(), self.aws.url());
        std::fs::write(self.path(name), format!("{start}{}", BOOTSTRAP.replace("ANSWER", answer))).unwrap();
    }

    fn command(&self, program: &Path) -> Command {
        let tools = install::python().parent().unwrap().to_owned();
        let path = std::env::join_paths(
            std::iter::once(tools).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let mut command = Command::new(program);
        let environment = command.env_clear().env("PATH", path.unwrap()).env("PYTHONDONTWRITEBYTECODE", "1");
        environment.envs(aws_env(&self.aws.url(), &[])).env("AWS_DEFAULT_REGION", test_stack::stack::REGION);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a script that has `c`, a client of Lambda; what it prints.
    fn python(&self, script: &str) -> String {
        let script = format!("import boto3\nc = boto3.client('lambda')\n{script}");
        let output = self.command(&install::python()).args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The version that an alias has.
    fn version(&self, alias: &str) -> String {
        self.python(&format!("print(c.get_alias(FunctionName='shop', Name='{alias}')['FunctionVersion'])"))
    }

    fn deployment(&self, args: &[&str]) -> Command {
        let mut command = self.command(&install::python());
        command.arg(repository("deploy/ci/deploy.py")).args(["--function", "shop"]).args(args);
        command
    }

    /// Deploys; the exit code, and what was said.
    fn deploy(&self, args: &[&str]) -> (Option<i32>, String) {
        ended(&mut self.deployment(args))
    }

    /// Deploys a program that answers like this; `live` must stay at version 1.
    #[track_caller]
    fn refuses(&self, answer: &str, args: &[&str], says: &[&str]) {
        self.program("bad", answer);
        let (code, said) = self.deploy(&[&["--program", "bad"], args].concat());
        assert_eq!(code, Some(1), "{said}");
        for text in says {
            assert!(said.contains(text), "{text}: {said}");
        }
        assert!(!said.contains("T0-marker"), "what an error says may be anything: {said}");
        assert_eq!(self.version("live"), "1", "{said}");
    }
}

fn ended(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_answers_gets_the_traffic_and_an_earlier_one_can_have_it_back() {
    let account = Account::new(&json!({})).await;
    // A REST API in front of `live`, as clients see it.
    let address = account.python(&format!(
        "live = c.get_alias(FunctionName='shop', Name='live')['AliasArn']
a = boto3.client('apigateway')
api = a.create_rest_api(name='shop')['id']
root = a.get_resources(restApiId=api)['items'][0]['id']
every = a.create_resource(restApiId=api, parentId=root, pathPart='{{proxy+}}')['id']
a.put_method(restApiId=api, resourceId=every, httpMethod='ANY', authorizationType='NONE')
uri = 'arn:aws:apigateway:ap-northeast-2:lambda:path/2015-03-31/functions/' + live + '/invocations'
a.put_integration(restApiId=api, resourceId=every, httpMethod='ANY', type='AWS_PROXY', integrationHttpMethod='POST', uri=uri)
a.create_deployment(restApiId=api, stageName='dev')
print('{}/restapis/' + api + '/dev/_user_request_')",
        account.aws.url()
    ));
    account.program("second", &format!("{GOOD} # second"));
    let (code, said) = account.deploy(&["--program", "second", "--url", &address]);
    assert_eq!(code, Some(0), "{said}");
    for text in [
        "GET /readyz through trial: 200",
        "live moved from version 1 to 2",
        "GET /healthz through live: 200",
        &format!("GET {address}/readyz: 200"),
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert_eq!((account.version("live"), account.version("trial")), ("2".to_owned(), "2".to_owned()));

    let (code, said) = account.deploy(&["--version", "1", "--url", &address]);
    assert_eq!((code, account.version("live").as_str()), (Some(0), "1"), "{said}");
    let (code, said) = account.deploy(&["--version", "1"]);
    assert!(code == Some(0) && said.contains("live has version 1 already"), "{said}");
    let (code, said) = account.deploy(&["--version", "77"]);
    assert!(code == Some(1) && said.contains("shop has no version 77"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_the_move_leaves_the_alias_where_it_was() {
    let account = Account::new(&json!({})).await;
    account.refuses(
        "def answer(path, arn): return 503 if path == '/readyz' else 200",
        &[],
        &["GET /healthz through trial: 200", "GET /readyz through trial was answered with 503, not 200: 2"],
    );
    account.refuses("def answer(path, arn): return {}['x']", &[], &["through trial failed: KeyError", "log of shop"]);
    account.refuses("raise SystemExit('broken')", &[], &["GET /healthz through trial failed: "]);
    account.refuses("def answer(path, arn): return None", &[], &["was answered with None, not 200"]);

    let versions = "print(len(c.list_versions_by_function(FunctionName='shop')['Versions']))";
    let before = account.python(versions);
    account.refuses(GOOD, &["--max-zip-bytes", "100"], &["too large", "100 are allowed", "Nothing was uploaded"]);
    account.refuses(GOOD, &["--alias", "other"], &["there is no alias other of shop", "make the stack first"]);
    let (code, said) = account.deploy(&["--program", "missing"]);
    assert!(code == Some(1) && said.contains("missing cannot be read"), "{said}");
    for args in [&["--program", "bad", "--version", "1"][..], &["--program", "bad", "--alias", "trial"], &[]] {
        assert_eq!(account.deploy(args).0, Some(64), "{args:?}");
    }
    assert_eq!(account.python(versions), before, "nothing was uploaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_after_the_move_moves_the_alias_back() {
    let account = Account::new(&json!({})).await;
    let moved = ["live moved from version 1 to ", "failed after the move", "live moved back to version 1"];
    account.refuses("def answer(path, arn): return 500 if alias(arn) == 'live' else 200", &[], &moved);
    account.refuses(GOOD, &["--url", "http://127.0.0.1:9"], &moved);

    // The job is cancelled while the request through `live` is under way.
    account.program("slow", "def answer(path, arn):\n    if alias(arn) == 'live': time.sleep(25)\n    return 200");
    let mut child = account.deployment(&["--program", "slow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains(moved[0]) {
        assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("it was told to end") && said.contains(moved[2]), "{said}");
    assert_eq!(account.version("live"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_somebody_else_changed_or_divides_is_left_alone() {
    let account = Account::new(&json!({})).await;
    // While the new version is tried, somebody else describes `live` anew: what was decided before no longer holds.
    let change = "def answer(path, arn):
    body = json.dumps({'Description': path}).encode()
    call(f'{URL}/2015-03-31/functions/shop/aliases/live', body, 'PUT')
    return 200";
    account.refuses(
        change,
        &[],
        &["failed at the move: ", "PreconditionFailed", "live has version 1: it is left there"],
    );
    account.python(
        "c.update_alias(FunctionName='shop', Name='live', RoutingConfig={'AdditionalVersionWeights': {'2': 0.1}})",
    );
    account.refuses(GOOD, &[], &["live divides its traffic between two versions"]);
}

/// The shell command of the step of the workflow that deploys.
fn step(account: &Account) -> String {
    let script = format!(
        "import yaml; steps = yaml.safe_load(open({:?}))['jobs']['deploy']['steps']; print(steps[-1]['run'])",
        repository("deploy/ci/github/api.yml")
    );
    account.python(&script)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflow_deploys_the_program_itself() {
    let rows = temporary_folder("rows");
    let account = Account::new(&json!({
        "ONESTEP_STORE": format!("sqlite:{}", rows.path().join("onestep.db").display()),
        "ONESTEP_SECRET_KEY": "a key of a test, which is 32 bytes long or more",
        "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS": "android.example",
        "ONESTEP_APPLE_AUDIENCES": "com.example.app",
    }))
    .await;
    std::fs::create_dir_all(account.path("target/lambda/onestep-api")).unwrap();
    // As the profile `small` does it: a zip of the symbols, too, takes long.
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(account.path("target/lambda/onestep-api/bootstrap")).arg(PROGRAM);
    assert!(strip.status().unwrap().success());
    std::os::unix::fs::symlink(repository("deploy"), account.path("deploy")).unwrap();
    let step = step(&account);
    let run = |version: &str| {
        let mut command = account.command(Path::new("bash"));
        command.args(["-euo", "pipefail", "-c", &step]).env("FUNCTION", "shop").env("API_URL", "");
        // This build is not made for size.
        ended(command.env("MAX_ZIP_BYTES", "52428800").env("VERSION", version))
    };
    let (code, said) = run("");
    assert_eq!((code, account.version("live").as_str()), (Some(0), "2"), "{said}");
    assert!(said.contains("GET /readyz through live: 200"), "{said}");

    let (code, said) = run("1");
    assert_eq!((code, account.version("live").as_str()), (Some(0), "1"), "{said}");
}
