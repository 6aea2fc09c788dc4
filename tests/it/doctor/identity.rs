//! What `monitor doctor identity` says where AWS does not simply take the credentials.

use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use super::{chain, doctor, folder, state, verdict};
use crate::support::program::Output;
use crate::support::schema;
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};

fn error(status: u16, code: &str) -> Reply {
    Reply::status(status).header("content-type", "text/xml").body(&format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>said</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    ))
}

/// Checks what is said with an endpoint.
fn check(url: &str, code: i32, expected: &str, next: &str) {
    let output = doctor(folder().path(), &aws_env(url, &[]), &["identity"]);
    assert_eq!(output.code, Some(code), "{url}: {}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains(expected) && output.stdout.contains(next), "{expected}: {}", output.stdout);
    assert!(!output.stdout.contains("retries automatically"), "{}", output.stdout);
    assert!(!output.stdout.contains("check --live"), "{}", output.stdout);
}

/// The same as JSON, whose keys are those of its schema.
fn document(folder: &Path, env: &[(String, String)], code: i32) -> Value {
    let output = doctor(folder, env, &["identity", "--format", "json"]);
    let document = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/doctor_identity.schema.json", &document);
    assert_eq!(output.code, Some(code), "{document:#}");
    document
}

#[test]
fn only_a_refusal_by_aws_is_broken_and_everything_else_is_unknown() {
    for code in ["InvalidClientTokenId", "ExpiredToken", "SignatureDoesNotMatch", "AccessDenied"] {
        let server = Webhook::start(vec![error(403, code)]);
        let refused = document(folder().path(), &aws_env(&server.url(), &[]), 2);
        assert_eq!((refused["state"].as_str(), &refused["arn"]), (Some("broken"), &Value::Null), "{refused:#}");
        check(
            &server.url(),
            2,
            &format!("BROKEN: the credentials from the environment (AWS_ACCESS_KEY_ID) are of no use: {code}"),
            "next: ",
        );
    }
    for (reply, next) in [
        (error(500, "InternalFailure"), "run this again in a minute"),
        (error(400, "Throttling"), "wait a minute, and run this again"),
        (Reply::status(200).body("garbage"), "run this again in a minute"),
        (Reply::status(403).body("a proxy says no"), "see what answers there: a proxy"),
    ] {
        let server = Webhook::start(vec![reply]);
        check(&server.url(), 1, "UNKNOWN: it is not known whether AWS takes the credentials", next);
    }
    check("http://127.0.0.1:9", 1, "the endpoint cannot be reached", "see whether this machine reaches AWS");
    check("no-address", 1, "UNKNOWN: it is not known whether AWS takes", "AWS_ENDPOINT_URL");
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("its address"));
    check(&url, 1, "UNKNOWN: ", "see whether this machine reaches AWS");
}

fn with(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut env = aws_env("http://127.0.0.1:9", &[]);
    env.retain(|(name, _)| !name.starts_with("AWS_ACCESS") && !name.starts_with("AWS_SECRET"));
    env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    doctor(folder, &env, args)
}

#[test]
fn a_wrong_profile_a_broken_file_and_half_a_key_are_named() {
    let folder = folder();
    let config = folder.path().join("config");
    let file = config.display().to_string();
    for (text, variables, args, expected) in [
        ("", vec![("AWS_PROFILE", "nope")], vec!["identity"], "the profile nope is in no AWS configuration file"),
        ("", vec![], vec!["identity", "--profile", "nope"], "the profile nope is in no AWS configuration file"),
        ("[default\naws_x", vec![], vec!["identity"], "could not parse profile file"),
        ("[default]\naws_access_key_id = AKIA1\n", vec![], vec!["identity"], "profile missing aws_secret_access_key"),
        ("", vec![("AWS_ACCESS_KEY_ID", "AKIA1")], vec!["identity"], "AWS_SECRET_ACCESS_KEY is not"),
        ("", vec![], vec!["identity"], "UNKNOWN: no credentials were found\n"),
    ] {
        std::fs::write(&config, text).expect("the file");
        let variables = [variables, vec![("AWS_CONFIG_FILE", file.as_str())]].concat();
        let output = with(folder.path(), &variables, &args);
        assert_eq!(output.code, Some(1), "{}{}", output.stdout, output.stderr);
        assert!(output.stdout.contains(expected), "{expected}: {}", output.stdout);
    }
}

#[test]
fn a_temporary_key_of_a_profile_needs_its_token_there() {
    let folder = folder();
    let file = folder.path().join("credentials");
    std::fs::write(&file, "[work]\naws_access_key_id = ASIA1\naws_secret_access_key = s\n").expect("the file");
    let file = file.display().to_string();
    let variables = [("AWS_SHARED_CREDENTIALS_FILE", file.as_str())];
    let output = with(folder.path(), &variables, &["identity", "--profile", "work"]);
    assert_eq!(output.code, Some(2), "{}{}", output.stdout, output.stderr);
    for part in ["AWS will say that the security token is invalid", "next: add `aws_session_token` to the profile"] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
}

#[test]
fn credentials_of_another_account_than_the_configured_one_end_as_in_every_command() {
    let identity = Reply::status(200).header("content-type", "text/xml").body(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/soyoung</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    );
    let server = Webhook::start(vec![identity]);
    let folder = folder();
    let taken = document(folder.path(), &aws_env(&server.url(), &[]), 0);
    assert_eq!((&taken["state"], &taken["account"]), (&json!("ok"), &json!("123456789012")), "{taken:#}");
    std::fs::write(folder.path().join("alerts.toml"), "[aws]\naccount = \"999999999999\"\n")
        .expect("the configuration");
    let output = doctor(folder.path(), &aws_env(&server.url(), &[]), &["identity"]);
    assert_eq!(output.code, Some(78), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("BROKEN: the credentials are of account 123456789012"), "{}", output.stdout);
}

#[test]
fn a_function_behind_a_network_fault_is_unknown_and_no_link_says_that_the_credentials_were_refused() {
    let folder = folder();
    let env = aws_env("http://127.0.0.1:9", &[]);
    let document = chain(folder.path(), &env, "backend-dev");
    assert!(verdict(&document).starts_with("unknown "), "{document:#}");
    assert_eq!(state(&document, "identity"), "unknown", "{document:#}");
    let text = document.to_string();
    assert!(text.contains("cannot be reached") && !text.contains("refuses the credentials"), "{document:#}");
    let output = doctor(folder.path(), &env, &["backend-dev"]);
    let next = "see whether this machine reaches AWS";
    assert!(output.code == Some(1) && output.stderr.contains(next), "{}{}", output.stdout, output.stderr);
    let output = doctor(folder.path(), &env, &["backend-dev", "--profile", "nope"]);
    assert!(output.code == Some(1), "{}{}", output.stdout, output.stderr);
    // The link says the true reason, and not that there are no credentials.
    let half = [("AWS_ACCESS_KEY_ID", "AKIA1")];
    let output = with(folder.path(), &half, &["backend-dev", "--format", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let why = "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not";
    assert_eq!(verdict(&document), "unknown identity", "{document:#}");
    assert!(document["verdict"]["summary"].as_str().is_some_and(|said| said.contains(why)), "{document:#}");
    let next = document["verdict"]["next_step"].as_str();
    assert!(next.is_some_and(|next| next.contains("set AWS_SECRET_ACCESS_KEY as well")), "{document:#}");
    assert!(document["hops"].to_string().contains(&format!("not asked: {why}")), "{document:#}");
}
