//! Who signs what, and where a service is; how calls are tried again is tested against a server.

use aws_config::{BehaviorVersion, Region};
use aws_sigv4::http_request::{PayloadChecksumKind, PercentEncodingMode, UriPathNormalizationMode};

use super::*;
use clock::SimulatedClock;

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

fn time(text: &str) -> SystemTime {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().into()
}

#[test]
fn a_signature_is_made_of_the_key_the_day_the_region_and_the_service() {
    let credentials = Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        Some("session".to_owned()),
        None,
        "test",
    );
    let request = Unsigned {
        service: "rds",
        region: "us-east-1",
        method: Method::POST,
        url: Url::parse("https://rds.us-east-1.amazonaws.com/").unwrap(),
        headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
        body: b"Action=DescribeDBInstances".to_vec(),
        settings: SigningSettings::default(),
        limit: None,
    };
    let headers = signature(&request, credentials, time("2015-08-30T12:36:00Z")).unwrap();
    assert!(header(&headers, "authorization").starts_with(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/rds/aws4_request, SignedHeaders=content-type;host;"
    ));
    assert_eq!(
        (header(&headers, "x-amz-date"), header(&headers, "x-amz-security-token")),
        ("20150830T123600Z", "session")
    );
}

/// The examples of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
#[test]
fn requests_to_s3_are_signed_as_its_documentation_signs_them() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (url, headers, signed, signature_of) in [
        (
            "https://examplebucket.s3.amazonaws.com/test.txt",
            &[("range", "bytes=0-9")][..],
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
            &[],
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let request = Unsigned {
            service: "s3",
            region: "us-east-1",
            method: Method::GET,
            url: Url::parse(url).unwrap(),
            headers,
            body: Vec::new(),
            settings,
            limit: None,
        };
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "test");
        let headers = signature(&request, credentials, time("2013-05-24T00:00:00Z")).unwrap();
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders={signed}, Signature={signature_of}"
        );
        assert_eq!(
            (header(&headers, "authorization"), header(&headers, "x-amz-content-sha256")),
            (expected.as_str(), empty),
            "{url}"
        );
    }
}

#[test]
fn a_service_is_where_the_settings_say() {
    for endpoint in [None, Some("http://127.0.0.1:5002")] {
        let mut config =
            SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("ap-northeast-2"));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let clock = SimulatedClock::starting_at("2024-12-20T12:00:00Z".parse().unwrap());
        let client =
            SignedClient::new(&config.build(), Arc::new(clock), Duration::from_secs(1), Duration::from_secs(1));
        assert_eq!(client.endpoint("RDS").as_deref(), endpoint);
    }
}

#[test]
fn each_partition_has_a_domain() {
    for (region, expected) in [
        ("ap-northeast-2", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
    ] {
        assert_eq!(domain(region), expected, "{region}");
    }
}

#[test]
fn a_success_that_is_not_utf_8_is_refused_and_a_refusal_is_read_as_far_as_it_is_text() {
    assert_eq!(text_of(b"<a>\xc3\xa4</a>".to_vec(), true).as_deref(), Ok("<a>\u{e4}</a>"));
    assert!(text_of(b"<a>\xff</a>".to_vec(), true).unwrap_err().starts_with("the response is not UTF-8: "));
    assert_eq!(text_of(b"<a>\xff</a>".to_vec(), false).as_deref(), Ok("<a>\u{fffd}</a>"));
}
