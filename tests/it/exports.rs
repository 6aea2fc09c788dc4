//! Exports of a bill in S3: what a bucket that is there holds, and answers as S3 gives them when something is otherwise
//! than expected.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;

use alerting::observation::ObservationBody;
use aws::{AwsClients, ExportBucket, sdk};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use billing::export::layout::ExportFile;
use chrono::{DateTime, Utc};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};

use crate::support::stack::{Emulator, REGION};
use crate::support::webhook::{Reply, Request, Webhook};

fn noon() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().expect("a time")
}

fn account(url: &str, clock: &Arc<SimulatedClock>) -> AwsClients {
    let keys = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(keys)
        .endpoint_url(url);
    sdk::account(&config.build(), Arc::clone(clock) as Arc<dyn Clock>)
}

fn clock() -> Arc<SimulatedClock> {
    Arc::new(SimulatedClock::starting_at(noon()))
}

fn bills() -> ExportBucket {
    ExportBucket { name: "bills".to_owned(), prefix: "acme/".to_owned(), region: None }
}

fn object(size: u64, tag: &str) -> ExportFile {
    ExportFile { path: "a b.csv".to_owned(), size, modified: noon(), tag: tag.to_owned() }
}

async fn fetched(account: &AwsClients, object: &ExportFile) -> Result<Vec<u8>, CallFailure> {
    let mut file = tempfile::tempfile().expect("a file");
    account.exports.fetch(&bills(), object, &mut file).await?;
    Ok(content(file))
}

fn content(mut file: File) -> Vec<u8> {
    let mut content = Vec::new();
    file.rewind().expect("the start");
    file.read_to_end(&mut content).expect("what was kept");
    content
}

fn listing(next: &str) -> Reply {
    let next = if next.is_empty() {
        "<IsTruncated>false</IsTruncated>".to_owned()
    } else {
        format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>")
    };
    let object = "<Contents><Key>acme/a+b.csv</Key><LastModified>2024-12-03T17:50:30.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size></Contents>";
    Reply::status(200)
        .body(&format!("<ListBucketResult><EncodingType>url</EncodingType>{next}{object}</ListBucketResult>"))
}

fn refusal(status: u16, code: &str) -> Reply {
    Reply::status(status).body(&format!("<Error><Code>{code}</Code><Message>Because.</Message></Error>"))
}

fn elsewhere(region: &str) -> Reply {
    refusal(301, "PermanentRedirect").header("x-amz-bucket-region", region)
}

/// The region that a request is signed for.
fn region(request: &Request) -> String {
    request.header("authorization").unwrap_or_default().split('/').nth(2).unwrap_or_default().to_owned()
}

/// An address names every byte: what the test encodes, it does not leave to the code that it tests.
fn encoded(key: &str) -> String {
    key.bytes().map(|byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") }).collect()
}

#[tokio::test]
async fn objects_of_moto_are_listed_and_read_whatever_their_keys_are() {
    let moto = Emulator::moto().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let put = async |path: &str, body: Vec<u8>| {
        let answer = http.put(format!("{}/{path}", moto.url())).body(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    };
    let location = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    put("bills", location.into_bytes()).await;
    let keys = [
        "BILLING_PERIOD=2024-12/x.csv",
        "a b+c%2Fd.csv",
        "e/f/g",
        "x&y<z>'\"\\^`{|}~@!$*()[];:,.csv",
        "한국/é.csv",
        "#?.csv",
    ];
    for key in keys {
        put(&format!("bills/acme/{}", encoded(key)), format!("content of {key}").into_bytes()).await;
    }
    put("bills/other/x.csv", vec![b'x']).await;
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    put("bills/acme/large.parquet", large.clone()).await;

    let account = account(&moto.url(), &clock());
    let page = account.exports.objects(&bills(), None).await.expect("a listing");
    let mut found: Vec<&str> = page.items.iter().map(|object| object.path.as_str()).collect();
    found.sort_unstable();
    let mut expected = [&keys[..], &["large.parquet"]].concat();
    expected.sort_unstable();
    assert_eq!((found, page.next), (expected, None));
    for object in &page.items {
        let expected = if object.path == "large.parquet" {
            large.clone()
        } else {
            format!("content of {}", object.path).into_bytes()
        };
        assert_eq!(object.size, expected.len() as u64, "{object:?}");
        assert!(fetched(&account, object).await.expect("an object") == expected, "{object:?}");
    }

    let changed = ExportFile { tag: "\"of another time\"".to_owned(), ..page.items[0].clone() };
    let gone = ExportFile { path: "gone".to_owned(), tag: String::new(), ..page.items[0].clone() };
    for (object, kind, said) in
        [(&changed, FailureKind::Refused, "PreconditionFailed"), (&gone, FailureKind::NotFound, "NoSuchKey")]
    {
        let failure = fetched(&account, object).await.expect_err("no object");
        assert!(failure.kind == kind && failure.said.contains(said), "{failure:?}");
    }
    let nowhere = ExportBucket { name: "nowhere".to_owned(), ..bills() };
    let failure = account.exports.objects(&nowhere, None).await.expect_err("no bucket");
    assert!(failure.kind == FailureKind::NotFound && failure.said.contains("NoSuchBucket"), "{failure:?}");
    assert!(failure.next_step.contains("bucket's name and region"), "{failure:?}");
}

#[tokio::test]
async fn pages_of_moto_are_read_to_the_end() {
    let moto = Emulator::moto().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let put = async |path: &str, body: &str| {
        let answer = http.put(format!("{}/{path}", moto.url())).body(body.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    };
    put(
        "bills",
        &format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        ),
    )
    .await;
    for number in 0..1001 {
        put(&format!("bills/acme/{number}"), "x").await;
    }
    let account = account(&moto.url(), &clock());
    let first = account.exports.objects(&bills(), None).await.expect("a page");
    let second = account.exports.objects(&bills(), first.next.as_deref()).await.expect("another page");
    assert_eq!((first.items.len(), second.items.len(), second.next), (1000, 1, None));
}

#[tokio::test]
async fn a_request_says_what_it_asks_for_and_is_signed() {
    let server = Webhook::start(vec![listing("1/x+y=="), listing(""), Reply::status(200).body("abc")]);
    let account = account(&server.url(), &clock());
    let first = account.exports.objects(&bills(), None).await.expect("a page");
    account.exports.objects(&bills(), first.next.as_deref()).await.expect("a page");
    assert_eq!(fetched(&account, &first.items[0]).await.expect("an object"), b"abc");
    let requests = server.requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    let asked = "/bills?encoding-type=url&list-type=2&prefix=acme%2F";
    assert_eq!(paths, [asked, &format!("{asked}&continuation-token=1%2Fx%2By%3D%3D"), "/bills/acme/a%20b.csv"]);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (request, signed) in requests.iter().zip([
        "host;x-amz-content-sha256;x-amz-date",
        "host;x-amz-content-sha256;x-amz-date",
        "host;if-match;x-amz-content-sha256;x-amz-date",
    ]) {
        let authorization = request.header("authorization").unwrap_or_default();
        let start = format!(
            "AWS4-HMAC-SHA256 Credential=test/20241220/{REGION}/s3/aws4_request, SignedHeaders={signed}, Signature="
        );
        assert!(
            authorization.starts_with(&start) && request.header("x-amz-content-sha256") == Some(empty),
            "{request:?}"
        );
    }
    assert_eq!(requests[2].header("if-match"), Some("\"e\""));
}

#[tokio::test]
async fn a_bucket_in_another_region_is_asked_there_from_then_on() {
    let malformed = Reply::status(400).body(
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>Because.</Message><Region>eu-west-1</Region></Error>",
    );
    for (said, replies, regions, ends) in [
        (
            None,
            vec![elsewhere("eu-west-1"), listing(""), listing("")],
            vec![REGION, "eu-west-1", "eu-west-1"],
            [true, true],
        ),
        (None, vec![malformed, listing("")], vec![REGION, "eu-west-1", "eu-west-1"], [true, true]),
        (Some("us-east-2"), vec![listing("")], vec!["us-east-2", "us-east-2"], [true, true]),
        (
            Some("us-east-2"),
            vec![elsewhere("eu-west-1"), listing("")],
            vec!["us-east-2", "eu-west-1", "eu-west-1"],
            [true, true],
        ),
        // Two regions that name each other, one that names itself, and one whose name would be another host.
        (
            None,
            vec![elsewhere("eu-west-1"), elsewhere(REGION), listing("")],
            vec![REGION, "eu-west-1", "eu-west-1"],
            [false, true],
        ),
        (None, vec![elsewhere(REGION)], vec![REGION, REGION], [false, false]),
        (None, vec![elsewhere("eu-west-1.evil.example/")], vec![REGION, REGION], [false, false]),
    ] {
        let server = Webhook::start(replies);
        let account = account(&server.url(), &clock());
        let bucket = ExportBucket { region: said.map(str::to_owned), ..bills() };
        for expected in ends {
            let page = account.exports.objects(&bucket, None).await;
            assert_eq!(page.is_ok(), expected, "{regions:?}: {page:?}");
        }
        assert_eq!(server.requests().iter().map(region).collect::<Vec<_>>(), regions);
    }
}

#[tokio::test]
async fn a_listing_is_tried_again_where_that_may_help() {
    let slow = || refusal(503, "SlowDown");
    for (replies, calls, waited_ms, ends) in [
        (vec![listing("")], 1, 0, None),
        (vec![Reply::status(500), Reply::status(500), listing("")], 3, 0, None),
        (vec![Reply::Close, listing("")], 2, 0, None),
        // The source asks again, later.
        (vec![slow()], 1, 0, Some((FailureKind::Throttled, "SlowDown: Because"))),
        (vec![Reply::Close], 3, 0, Some((FailureKind::NoAnswer, "the connection broke"))),
        (vec![refusal(403, "AccessDenied")], 1, 0, Some((FailureKind::Denied, "AccessDenied: Because"))),
        (
            vec![Reply::status(200).body("<html><body>It works!</body></html>")],
            1,
            0,
            Some((FailureKind::Refused, "unreadable response")),
        ),
        (vec![Reply::Half], 1, 0, Some((FailureKind::NoAnswer, "the connection broke"))),
    ] {
        let (server, clock) = (Webhook::start(replies), clock());
        let page = account(&server.url(), &clock).exports.objects(&bills(), None).await;
        assert_eq!(
            (server.requests().len(), (clock.now() - noon()).num_milliseconds()),
            (calls, waited_ms),
            "{page:?}"
        );
        match (page, ends) {
            (Ok(page), None) => assert_eq!(page.items.len(), 1),
            (Err(failure), Some((kind, said))) => {
                assert!(failure.kind == kind && failure.said.contains(said), "{failure:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_object_that_does_not_come_whole_is_not_taken_for_one() {
    for (reply, size, said) in [
        (Reply::status(200).body("abc"), 3, None),
        (Reply::status(200).body("abc"), 4, Some((FailureKind::Refused, "another size than the 4 bytes"))),
        (Reply::status(200).body("abc"), 2, Some((FailureKind::Refused, "another size than the 2 bytes"))),
        (Reply::Half, 20, Some((FailureKind::NoAnswer, "the connection broke"))),
        (refusal(412, "PreconditionFailed"), 3, Some((FailureKind::Refused, "PreconditionFailed: Because"))),
    ] {
        let server = Webhook::start(vec![reply]);
        let read = fetched(&account(&server.url(), &clock()), &object(size, "")).await;
        match (read, said) {
            (Ok(content), None) => assert_eq!(content, b"abc"),
            (Err(failure), Some((kind, said))) => {
                assert!(failure.kind == kind && failure.said.contains(said), "{failure:?}");
            }
            other => panic!("{size} bytes: {other:?}"),
        }
    }
    let server = Webhook::start(vec![Reply::status(200)]);
    let up = ExportFile { path: "../other".to_owned(), ..object(0, "") };
    let failure = fetched(&account(&server.url(), &clock()), &up).await.expect_err("another object");
    assert!(failure.said.contains("which no address can say") && server.requests().is_empty(), "{failure:?}");
}

#[tokio::test]
async fn pages_that_lead_back_to_each_other_are_an_error() {
    for (replies, calls) in
        [(vec![listing("a")], 2), (vec![listing("a"), listing("b"), listing("a"), listing("b"), listing("")], 3)]
    {
        let server = Webhook::start(replies);
        let text = "[watch.bill]\nevery = \"6h\"\nread.focus_export = { bucket = \"s3://bills/acme\" }\n[receiver.x]\nvia.stdout = {}\n";
        let config: MonitorConfig = parse(text, &ConfigEnvironment::with(&[], ".".into()), noon())
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let read = config.watches.into_iter().next().expect("a watch").read;
        let gathered = read.source("watch.bill".to_owned(), &account(&server.url(), &clock())).poll(noon()).await;
        let said: Vec<&str> = gathered
            .observations
            .iter()
            .filter_map(|seen| {
                if let ObservationBody::Failed(failure) = &seen.what { Some(failure.said.as_str()) } else { None }
            })
            .collect();
        let expected = format!("its pages do not end: page {calls} leads back to a page that was already read");
        assert_eq!((said, server.requests().len()), (vec![expected.as_str()], calls));
    }
}
