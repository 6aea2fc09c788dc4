//! `monitor doctor` over an emulated account: the chain of the story broken in its places in turn, each named by the
//! built program. DNS is asked at a loopback address where nothing listens, so that only the account speaks.

mod identity;
mod names;

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_stack::server::Server;

use self::names::Names;
use crate::iam_policy::{FREE, action, allowed, policy};
use crate::support::program::{Output, monitor};
use crate::support::recorder::Recorder;
use crate::support::schema;
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::{Reply, Webhook};
use crate::world::python;

/// The chain of the story, in order.
const STORY: &str = r#"
import io, zipfile, json
def code(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z: z.writestr('app.py', text)
    return out.getvalue()
role = c('iam').create_role(RoleName='backend', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
def deploy():
    return c('lambda').create_function(FunctionName='backend-dev', Runtime='python3.12', Role=role, Handler='app.run', Code={'ZipFile': code('x')}, MemorySize=512, Timeout=20)['FunctionArn']
fn = deploy()
api = c('apigateway').create_rest_api(name='backend-dev')['id']
root = c('apigateway').get_resources(restApiId=api)['items'][0]['id']
proxy = c('apigateway').create_resource(restApiId=api, parentId=root, pathPart='{proxy+}')['id']
uri = f'arn:aws:apigateway:ap-northeast-2:lambda:path/2015-03-31/functions/{fn}/invocations'
for one in [root, proxy]:
    c('apigateway').put_method(restApiId=api, resourceId=one, httpMethod='ANY', authorizationType='NONE')
    c('apigateway').put_integration(restApiId=api, resourceId=one, httpMethod='ANY', type='AWS_PROXY', integrationHttpMethod='POST', uri=uri)
c('apigateway').create_deployment(restApiId=api, stageName='dev')
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
import datetime
key, now = rsa.generate_private_key(65537, 2048), datetime.datetime.now(datetime.timezone.utc)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'example.one')])
made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=198)).add_extension(x509.SubjectAlternativeName([x509.DNSName('example.one'), x509.DNSName('*.example.one')]), False).sign(key, hashes.SHA256())
pem = serialization.Encoding.PEM
cert = c('acm').import_certificate(Certificate=made.public_bytes(pem), PrivateKey=key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))['CertificateArn']
c('apigateway').create_domain_name(domainName='dev.example.one', regionalCertificateArn=cert, endpointConfiguration={'types': ['REGIONAL']}, securityPolicy='TLS_1_2')
def map(): c('apigateway').create_base_path_mapping(domainName='dev.example.one', restApiId=api, stage='dev')
map()
def permit(): c('lambda').add_permission(FunctionName='backend-dev', StatementId='gw', Action='lambda:InvokeFunction', Principal='apigateway.amazonaws.com', SourceArn=f'arn:aws:execute-api:ap-northeast-2:123456789012:{api}/*')
permit()
c('logs').create_log_group(logGroupName='/aws/lambda/backend-dev')
"#;

/// What finds the parts again, for the scripts that break one.
const AGAIN: &str = r#"
api = c('apigateway').get_rest_apis()['items'][0]['id']
"#;

/// A folder whose configuration asks DNS where nothing listens.
fn folder() -> TempDir {
    // It is bound for the moment only: nothing on this machine answers there.
    asking(UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port())
}

/// A folder whose configuration asks DNS at a port of this machine.
fn asking(port: u16) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let dns = format!("[dns]\nresolvers = [\"127.0.0.1\"]\nroots = [\"127.0.0.1\"]\nport = {port}\n");
    std::fs::write(folder.path().join("alerts.toml"), dns).expect("the configuration");
    folder
}

fn doctor(folder: &Path, env: &[(String, String)], args: &[&str]) -> Output {
    monitor(folder).args(["doctor"]).args(args).envs(env.to_vec()).run()
}

/// The chain as JSON; the exit code says the same as its state.
fn chain(folder: &Path, env: &[(String, String)], target: &str) -> Value {
    let output = doctor(folder, env, &[target, "--format", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", output.stdout, output.stderr);
    });
    schema::holds("docs/doctor.schema.json", &document);
    let code = match document["verdict"]["state"].as_str() {
        Some("ok") => 0,
        Some("broken") => 2,
        Some("waiting") => 3,
        _ => 1,
    };
    assert_eq!(output.code, Some(code), "{document:#}{}", output.stderr);
    document
}

/// The verdict in short: `broken mapping`.
fn verdict(document: &Value) -> String {
    let part = |name: &str| document["verdict"][name].as_str().unwrap_or("-").to_owned();
    format!("{} {}", part("state"), part("link"))
}

fn state<'a>(document: &'a Value, link: &str) -> &'a str {
    let hops = document["hops"].as_array().expect("hops");
    hops.iter().find(|hop| hop["link"] == link).and_then(|hop| hop["state"].as_str()).expect("the link")
}

#[tokio::test]
async fn the_storys_chain_is_named_in_each_place_where_it_breaks() {
    let moto = Emulator::moto().await;
    let folder = folder();
    let recorder = Recorder::before(&moto.url());
    let env = aws_env(&recorder.url(), &[]);
    python(&moto, STORY);
    let look = |target: &str| chain(folder.path(), &env, target);
    let mut named = 0;
    let mut check = |script: &str, target: &str, expected: &str, step: &str| {
        python(&moto, &format!("{AGAIN}{script}"));
        let document = look(target);
        assert_eq!(verdict(&document), expected, "{script}: {document:#}");
        let next = document["verdict"]["next_step"].as_str().expect("a step");
        assert!(next.contains(step), "{script}: {next}");
        named += 1;
    };
    let well = look("https://dev.example.one/todos");
    assert_eq!(verdict(&well), "unknown delegation", "{well:#}");
    for link in ["domain_type", "mapping", "base_path", "api_type", "stage", "route", "integration", "permission"] {
        assert_eq!(state(&well, link), "ok", "{link}: {well:#}");
    }
    let calls = recorder.requests().len();
    assert!((12..=24).contains(&calls), "{calls} calls for a whole chain");

    let allowed = allowed(&policy(&folder, &["--doctor"]).stdout);
    let made: BTreeSet<String> = recorder.requests().iter().map(action).filter(|action| action != FREE).collect();
    let refused: Vec<&String> = made.iter().filter(|action| !allowed.contains_key(*action)).collect();
    assert!(refused.is_empty(), "made, and not in `iam-policy --doctor`: {refused:?}");

    let url = "https://dev.example.one/todos";
    check(
        "c('apigateway').delete_base_path_mapping(domainName='dev.example.one', basePath='(none)')",
        url,
        "broken mapping",
        "create-api-mapping --domain-name dev.example.one",
    );
    check(
        "c('apigateway').create_base_path_mapping(domainName='dev.example.one', restApiId=api, stage='dev')\nc('lambda').remove_permission(FunctionName='backend-dev', StatementId='gw')",
        url,
        "broken permission",
        "aws lambda add-permission --function-name backend-dev",
    );
    let permit = "c('lambda').add_permission(FunctionName='backend-dev', StatementId='gw', Action='lambda:InvokeFunction', Principal='apigateway.amazonaws.com', SourceArn=f'arn:aws:execute-api:ap-northeast-2:123456789012:{api}/*')\n";
    check(
        &format!("{permit}c('apigateway').delete_stage(restApiId=api, stageName='dev')"),
        url,
        "broken stage",
        "--stage-name dev",
    );
    check(
        "c('apigateway').create_deployment(restApiId=api, stageName='dev')\nc('lambda').put_function_concurrency(FunctionName='backend-dev', ReservedConcurrentExecutions=0)",
        url,
        "broken concurrency",
        "delete-function-concurrency --function-name backend-dev",
    );
    check(
        "c('lambda').delete_function_concurrency(FunctionName='backend-dev')",
        "https://dev.example.one/dev/todos",
        "unknown delegation",
        "",
    );
    check("c('lambda').delete_function(FunctionName='backend-dev')", url, "broken function_state", "deploy it again");
    check("", "backend-dev", "broken function_state", "deploy it again");
    assert!(named >= 7, "{named}");
}

#[tokio::test]
async fn a_certificate_that_waits_is_a_wait_with_its_end_and_the_page_names_its_record() {
    let moto = Emulator::moto().await;
    let folder = folder();
    let env = aws_env(&moto.url(), &[]);
    // moto issues a certificate after it was described a few times.
    python(&moto, "c('acm').request_certificate(DomainName='dev.example.one', ValidationMethod='DNS')");
    let output = doctor(folder.path(), &env, &["certificate", "dev.example.one", "--format", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/doctor.schema.json", &document);
    assert_eq!((output.code, verdict(&document).as_str()), (Some(3), "waiting certificate_validation"), "{document:#}");
    assert!(document["verdict"]["until"].is_string(), "{document:#}");
    let next = document["verdict"]["next_step"].as_str().expect("a step");
    assert!(next.contains(" CNAME ") && next.contains(".dev.example.one"), "{next}");
    assert!(document["hops"].as_array().expect("hops").len() < 15);
}

#[tokio::test]
async fn a_validation_record_that_is_missing_doubled_or_right_is_told_apart_at_the_zones_servers() {
    let moto = Emulator::moto().await;
    let env = aws_env(&moto.url(), &[]);
    let script = "c('acm').request_certificate(DomainName='dev.example.one', ValidationMethod='DNS')";
    // What the account wants is read from what the first run says.
    let certificate = |records: &[&str]| {
        python(
            &moto,
            &format!(
                "for one in c('acm').list_certificates()['CertificateSummaryList']: c('acm').delete_certificate(CertificateArn=one['CertificateArn'])\n{script}"
            ),
        );
        let folder = asking(Names::start(records).port);
        let output = doctor(folder.path(), &env, &["certificate", "dev.example.one", "--format", "json"]);
        serde_json::from_str::<Value>(&output.stdout).expect("JSON")
    };
    let missing = certificate(&["dev.example.one A 127.0.0.1"]);
    assert_eq!(verdict(&missing), "broken certificate_validation", "{missing:#}");
    let next = missing["verdict"]["next_step"].as_str().expect("a step");
    let record = next.split("zone: ").nth(1).and_then(|rest| rest.split(';').next()).expect("the record");
    let (name, value) = record.split_once(" CNAME ").expect("a CNAME");
    // moto derives the record from the name, so it is the same for the next certificate.
    let doubled = certificate(&["dev.example.one A 127.0.0.1", &format!("{name}.example.one CNAME {value}")]);
    assert_eq!(verdict(&doubled), "broken certificate_validation", "{doubled:#}");
    assert!(
        doubled["verdict"]["summary"].as_str().expect("why").contains("appended the domain once more"),
        "{doubled:#}"
    );
    let right = certificate(&["dev.example.one A 127.0.0.1", &format!("{name} CNAME {value}")]);
    assert_eq!(verdict(&right), "waiting certificate_validation", "{right:#}");
}

#[tokio::test]
async fn what_the_gateway_answers_and_what_the_account_says_come_to_one_link() {
    let moto = Emulator::moto().await;
    python(&moto, STORY);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/doctor/gateway.py");
    let gateway = tokio::task::spawn_blocking(move || Server::start("gateway", Path::new(script), &[]));
    let gateway = gateway.await.expect("a server");
    let answers = |status: u16, error: &str, body: &str| {
        std::fs::write(gateway.home().join("answer"), format!("{status}\n{error}\n{body}")).expect("the answer");
    };
    let roots = gateway.home().join("ca.pem");
    for _ in 0..200 {
        if gateway.home().join("ready").exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let folder = asking(Names::start(&["dev.example.one A 127.0.0.1"]).port);
    let target = format!("https://dev.example.one:{}/todos", gateway.port());
    let mut env = aws_env(&moto.url(), &[]);
    env.push(("SSL_CERT_FILE".to_owned(), roots.display().to_string()));
    let stranger: Vec<(String, String)> = env
        .iter()
        .map(|(name, value)| match name.starts_with("AWS_ACCESS") || name.starts_with("AWS_SECRET") {
            true => (name.clone(), String::new()),
            false => (name.clone(), value.clone()),
        })
        .collect();
    answers(200, "", "{}");
    let started = std::time::Instant::now();
    let well = chain(folder.path(), &env, &target);
    assert_eq!(verdict(&well), "ok -", "{well:#}");
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    for phase in ["dns", "tcp", "tls", "ttfb"] {
        assert!(well["phases_ms"][phase].is_number(), "{phase}: {well:#}");
    }
    for (status, error, body, expected) in [
        (403, "ForbiddenException", r#"{"message":"Forbidden"}"#, "broken mapping"),
        (403, "MissingAuthenticationTokenException", r#"{"message":"Missing Authentication Token"}"#, "broken route"),
        (500, "InternalServerErrorException", r#"{"message": "Internal server error"}"#, "broken permission"),
        (502, "InternalServerErrorException", r#"{"message": "Internal server error"}"#, "broken function_error"),
        (504, "InternalServerErrorException", r#"{"message": "Endpoint request timed out"}"#, "broken timeout"),
        (429, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#, "broken throttle"),
    ] {
        answers(status, error, body);
        let outside = chain(folder.path(), &stranger, &target);
        assert_eq!(verdict(&outside), expected, "{outside:#}");
    }
    // With the account the same 500 is the permission that is missing, or something else where it is there.
    answers(500, "InternalServerErrorException", r#"{"message": "Internal server error"}"#);
    assert_eq!(verdict(&chain(folder.path(), &env, &target)), "broken function_error");
    python(&moto, "c('lambda').remove_permission(FunctionName='backend-dev', StatementId='gw')");
    let permission = chain(folder.path(), &env, &target);
    assert_eq!(verdict(&permission), "broken permission", "{permission:#}");
    let next = permission["verdict"]["next_step"].as_str().expect("a step");
    assert!(next.contains("--source-arn 'arn:aws:execute-api:ap-northeast-2:123456789012:"), "{next}");
}

#[test]
fn a_call_that_is_not_allowed_leaves_its_links_unknown_and_names_the_permission() {
    let identity = Reply::status(200).header("content-type", "text/xml").body(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/soyoung</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    );
    let denied = Reply::status(403)
        .header("x-amzn-errortype", "AccessDeniedException")
        .body(r#"{"Message":"User is not authorized to perform: lambda:GetFunctionConfiguration"}"#);
    let server = Webhook::start(vec![identity, denied]);
    let folder = folder();
    let document = chain(folder.path(), &aws_env(&server.url(), &[]), "backend-dev");
    assert_eq!(verdict(&document), "unknown function_state", "{document:#}");
    let evidence = document["verdict"]["summary"].as_str().expect("a sentence");
    assert!(evidence.contains("allow lambda:GetFunctionConfiguration"), "{evidence}");
    assert_eq!(state(&document, "identity"), "ok");
}

#[test]
fn without_credentials_the_outside_half_runs_and_says_what_they_would_add() {
    let folder = folder();
    let nowhere = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_REGION", "ap-northeast-2"),
    ];
    let output = monitor(folder.path()).args(["doctor", "stepby.example"]).envs(nowhere).run();
    assert_eq!(output.code, Some(1), "{}{}", output.stdout, output.stderr);
    for part in
        ["UNKNOWN", "links not asked: it needs credentials of the account", "give credentials (`aws configure sso`"]
    {
        assert!(output.stdout.contains(part), "`{part}` is not in:\n{}", output.stdout);
    }
    assert!(!output.stdout.contains('\u{1b}'), "a pipe gets no colours");
    let identity = monitor(folder.path()).args(["doctor", "identity"]).envs(nowhere).run();
    assert_eq!(identity.code, Some(1), "{}", identity.stdout);
    assert!(identity.stdout.contains("no credentials were found"), "{}", identity.stdout);
}

#[tokio::test]
async fn the_identity_says_who_and_a_temporary_key_without_its_token_is_named_without_a_call() {
    let moto = Emulator::moto().await;
    let recorder = Recorder::before(&moto.url());
    let folder = folder();
    let env = aws_env(&recorder.url(), &[]);
    let output = doctor(folder.path(), &env, &["identity", "--format", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(output.code, Some(0), "{document:#}");
    assert_eq!(document["account"], "123456789012");
    assert_eq!(document["source"], "the environment (AWS_ACCESS_KEY_ID)");
    let before = recorder.requests().len();
    let temporary: Vec<(String, String)> = env
        .into_iter()
        .map(
            |(name, value)| {
                if name == "AWS_ACCESS_KEY_ID" { (name, "ASIA0123456789ABCDEF".into()) } else { (name, value) }
            },
        )
        .collect();
    let output = doctor(folder.path(), &temporary, &["identity"]);
    assert_eq!(output.code, Some(2), "{}", output.stdout);
    for part in ["BROKEN: ", "comes without its session token", "next: set AWS_SESSION_TOKEN"] {
        assert!(output.stdout.contains(part), "`{part}` is not in:\n{}", output.stdout);
    }
    assert_eq!(recorder.requests().len(), before, "no call is made with such a key");
    let document = chain(folder.path(), &temporary, "backend-dev");
    let summary = document["hops"].as_array().expect("hops").iter().find(|hop| hop["link"] == "identity");
    assert!(summary.expect("identity")["evidence"][0].as_str().expect("why").contains("session token"), "{document:#}");
}

#[test]
fn a_package_is_measured_and_what_is_none_gets_a_sentence() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("code")).expect("a folder");
    let large = std::fs::File::create(folder.path().join("code/model.bin")).expect("a file");
    large.set_len(262_144_001).expect("a sparse file");
    std::fs::write(folder.path().join("none.zip"), "hello").expect("a file");
    let nothing: [(String, String); 0] = [];
    let output = doctor(folder.path(), &nothing, &["package", "code", "--format", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/doctor_package.schema.json", &document);
    assert_eq!((output.code, &document["unpacked_bytes"]), (Some(2), &json!(262_144_001)), "{document:#}");
    assert_eq!(document["largest"], json!([{"name": "model.bin", "bytes": 262_144_001}]));
    let text = doctor(folder.path(), &nothing, &["package", "code"]);
    assert!(text.stdout.contains("otherwise: slim_handler would leave the code in S3"), "{}", text.stdout);
    let fits = doctor(folder.path(), &nothing, &["package", "alerts.toml", "--format", "json"]);
    assert_eq!((fits.code, fits.stdout.as_str()), (Some(1), ""), "what is no package has no output: {}", fits.stderr);
    std::fs::create_dir(folder.path().join("small")).expect("a folder");
    std::fs::write(folder.path().join("small/app.py"), "x").expect("a file");
    let fits = doctor(folder.path(), &nothing, &["package", "small", "--format", "json"]);
    schema::holds("docs/doctor_package.schema.json", &serde_json::from_str(&fits.stdout).expect("JSON"));
    let none = doctor(folder.path(), &nothing, &["package", "none.zip"]);
    assert_eq!(none.code, Some(1), "{}", none.stdout);
    assert!(none.stderr.contains("it is no zip, no folder and no tar"), "{}", none.stderr);
}

#[test]
fn a_pipe_as_a_package_and_options_before_a_part_get_a_sentence() {
    let folder = folder();
    let nothing: [(String, String); 0] = [];
    let pipe = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().expect("mkfifo");
    assert!(pipe.success());
    let output = doctor(folder.path(), &nothing, &["package", "pipe"]);
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    assert!(output.stderr.contains("it is not a regular file"), "{}", output.stderr);
    for part in ["identity", "package", "certificate"] {
        let output = doctor(folder.path(), &nothing, &["--format", "json", part]);
        assert_eq!(output.code, Some(64), "{}", output.stdout);
        assert!(output.stderr.contains(&format!("go behind `{part}`")), "{}", output.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let folder = folder();
    std::fs::write(folder.path().join("app.py"), "x").expect("a file");
    for args in [&["doctor", "package", "."][..], &["completions", "bash"], &["--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let mut command = std::process::Command::new(crate::support::program::binary());
        let output = command.args(args).current_dir(folder.path()).stdout(full).output().expect("the program");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("could not be written to standard output: No space left"), "{args:?}: {said}");
    }
}

#[test]
fn what_is_no_target_is_a_mistake_on_the_command_line() {
    let folder = folder();
    let nothing: [(String, String); 0] = [];
    for (target, said) in [
        ("*.example.one", "name one of them"),
        ("ftp://example.one/", "is not https or http"),
        ("https://user:hunter2@example.one/", "leave them out"),
        ("a..b", "two dots in a row"),
    ] {
        let output = doctor(folder.path(), &nothing, &[target]);
        assert_eq!(output.code, Some(64), "{target}: {}", output.stderr);
        assert!(output.stderr.contains(said) && !output.stderr.contains("hunter2"), "{target}: {}", output.stderr);
    }
}

#[tokio::test]
async fn the_picture_is_svg() {
    let moto = Emulator::moto().await;
    let folder = folder();
    let output = doctor(folder.path(), &aws_env(&moto.url(), &[]), &["dev.example.one", "--format", "svg"]);
    assert!(output.stdout.starts_with("<?xml") && output.stdout.trim_end().ends_with("</svg>"), "{}", output.stdout);
}

/// An HTTP API and a function URL; their addresses are written to a file.
const OTHERS: &str = r#"
import io, zipfile, json
out = io.BytesIO()
with zipfile.ZipFile(out, 'w') as z: z.writestr('app.py', 'x')
role = c('iam').create_role(RoleName='shop', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
fn = c('lambda').create_function(FunctionName='shop', Runtime='python3.12', Role=role, Handler='app.run', Code={'ZipFile': out.getvalue()}, Publish=True)['FunctionArn']
account = fn.split(':')[4]
# A function that was just created is pending.
c('lambda').get_waiter('function_active_v2').wait(FunctionName='shop')
c('logs').create_log_group(logGroupName='/aws/lambda/shop')
v2 = c('apigatewayv2')
api = v2.create_api(Name='shop', ProtocolType='HTTP')['ApiId']
integration = v2.create_integration(ApiId=api, IntegrationType='AWS_PROXY', IntegrationUri=f'arn:aws:lambda:ap-northeast-2:{account}:function:shop', PayloadFormatVersion='2.0')['IntegrationId']
v2.create_route(ApiId=api, RouteKey='GET /items/{id}', Target=f'integrations/{integration}')
v2.create_stage(ApiId=api, StageName='$default', AutoDeploy=True)
c('lambda').add_permission(FunctionName='shop', StatementId='gw', Action='lambda:InvokeFunction', Principal='apigateway.amazonaws.com', SourceArn=f'arn:aws:execute-api:ap-northeast-2:{account}:{api}/*/*/items/{{id}}')
url = c('lambda').create_function_url_config(FunctionName='shop', AuthType='NONE')['FunctionUrl']
open('FILE', 'w').write(f'https://{api}.execute-api.ap-northeast-2.amazonaws.com\n{url}')
"#;

#[tokio::test]
async fn an_http_api_and_a_function_url_are_followed_from_their_own_addresses() {
    // moto has no list of the URLs of a function.
    let ministack = Emulator::ministack().await;
    let folder = folder();
    let env = aws_env(&ministack.url(), &[]);
    let file = folder.path().join("addresses");
    python(&ministack, &OTHERS.replace("FILE", &file.display().to_string()));
    let written = std::fs::read_to_string(&file).expect("the addresses");
    let (api, url) = written.split_once('\n').expect("two");
    let items = chain(folder.path(), &env, &format!("{api}/items/7"));
    assert_eq!(verdict(&items), "unknown delegation", "{items:#}");
    for link in ["api_type", "stage", "route", "integration", "permission", "function_state"] {
        assert_eq!(state(&items, link), "ok", "{link}: {items:#}");
    }
    assert_eq!(state(&items, "mapping"), "not_applicable");
    let none = chain(folder.path(), &env, &format!("{api}/none"));
    assert_eq!(verdict(&none), "broken route", "{none:#}");
    let public = chain(folder.path(), &env, url);
    assert_eq!(verdict(&public), "broken url_permission", "{public:#}");
    let next = public["verdict"]["next_step"].as_str().expect("a step");
    assert!(next.contains("--function-url-auth-type NONE") && next.contains("--invoked-via-function-url"), "{next}");
    let elsewhere = chain(folder.path(), &env, "https://none0.lambda-url.ap-northeast-2.on.aws/");
    assert_eq!(verdict(&elsewhere), "broken url_permission", "{elsewhere:#}");
}
