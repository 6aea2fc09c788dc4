//! Addresses, listings and refusals as AWS's reference shows them; requests are tested against servers.

use proptest::prelude::*;

use super::*;
use model::call_failure::FailureKind;

const PLAIN: Variant = Variant { fips: false, dual_stack: false };

#[test]
fn a_bucket_is_in_the_host_where_a_certificate_allows_it_and_else_in_the_path() {
    let variant = |fips, dual_stack| Variant { fips, dual_stack };
    for (endpoint, variant, bucket, region, key, expected) in [
        (None, PLAIN, "bills", "ap-northeast-2", "", "https://bills.s3.ap-northeast-2.amazonaws.com/"),
        (None, PLAIN, "bills", "us-east-1", "a/b.csv", "https://bills.s3.us-east-1.amazonaws.com/a/b.csv"),
        (None, PLAIN, "bills", "cn-north-1", "", "https://bills.s3.cn-north-1.amazonaws.com.cn/"),
        (None, PLAIN, "bills.acme.com", "eu-west-1", "a", "https://s3.eu-west-1.amazonaws.com/bills.acme.com/a"),
        (None, PLAIN, "-bills", "eu-west-1", "", "https://s3.eu-west-1.amazonaws.com/-bills"),
        (None, variant(true, false), "bills", "us-east-1", "", "https://bills.s3-fips.us-east-1.amazonaws.com/"),
        (None, variant(false, true), "bills", "us-east-1", "", "https://bills.s3.dualstack.us-east-1.amazonaws.com/"),
        (
            None,
            variant(true, true),
            "bills.x",
            "us-east-1",
            "",
            "https://s3-fips.dualstack.us-east-1.amazonaws.com/bills.x",
        ),
        (Some("http://127.0.0.1:5000"), variant(true, true), "bills", "us-east-1", "", "http://127.0.0.1:5000/bills"),
        (Some("http://127.0.0.1:5000/"), PLAIN, "bills", "us-east-1", "a", "http://127.0.0.1:5000/bills/a"),
        (Some("https://proxy.acme.com/s3/"), PLAIN, "bills", "us-east-1", "a", "https://proxy.acme.com/s3/bills/a"),
    ] {
        assert_eq!(address(endpoint, variant, bucket, region, key, &[]).unwrap().as_str(), expected);
    }
    assert!(address(Some("127.0.0.1"), PLAIN, "bills", "us-east-1", "", &[]).unwrap_err().contains("is no address"));
}

#[test]
fn a_key_is_encoded_byte_by_byte_and_one_that_no_address_can_say_is_refused() {
    for (key, expected) in [
        ("a b+c%2F~_-.csv", "/a%20b%2Bc%252F~_-.csv"),
        ("BILLING_PERIOD=2024-12/x", "/BILLING_PERIOD%3D2024-12/x"),
        (
            "한/?#[]@!$&'()*,;:\\\"<>^`{|}",
            "/%ED%95%9C/%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3A%5C%22%3C%3E%5E%60%7B%7C%7D",
        ),
        ("//a//", "///a//"),
        ("...", "/..."),
        ("\u{1}\t\r\n", "/%01%09%0D%0A"),
    ] {
        assert_eq!(address(None, PLAIN, "bills", "us-east-1", key, &[]).unwrap().path(), expected, "{key}");
    }
    for key in ["..", "a/../b", "a/./b", "./a", "a/.."] {
        assert!(
            address(None, PLAIN, "bills", "us-east-1", key, &[]).unwrap_err().contains("which no address can say"),
            "{key}"
        );
    }
    let query = [("list-type", "2"), ("prefix", "a b/+"), ("continuation-token", "1/x+y==")];
    let url = address(None, PLAIN, "bills", "us-east-1", "", &query).unwrap();
    assert_eq!(url.query(), Some("list-type=2&prefix=a%20b%2F%2B&continuation-token=1%2Fx%2By%3D%3D"));
}

const LISTING: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bills</Name><Prefix>acme/</Prefix><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys>ENCODING<IsTruncated>TRUNCATED</IsTruncated>TOKEN
  <Contents><Key>acme/a+b%2Bc/%01.csv</Key><LastModified>2024-12-03T17:50:30.000Z</LastModified><ETag>&quot;fba9dede5f27731c&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>acme/</Key><LastModified>2024-12-01T00:00:00Z</LastModified><Size>0</Size><Owner><ID>75aa57</ID></Owner></Contents>
</ListBucketResult>"#;

fn listing(encoding: &str, truncated: &str, token: &str) -> String {
    LISTING.replace("ENCODING", encoding).replace("TRUNCATED", truncated).replace("TOKEN", token)
}

#[test]
fn a_listing_is_read_with_keys_of_every_character() {
    const URL: &str = "<EncodingType>url</EncodingType>";
    for (encoding, key) in [(URL, "a b+c/\u{1}.csv"), ("", "a+b%2Bc/%01.csv")] {
        let read = page(&listing(encoding, "true", "<NextContinuationToken>1/x+y==</NextContinuationToken>"), "acme/")
            .unwrap();
        assert_eq!(read.next.as_deref(), Some("1/x+y=="));
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let first = ExportFile {
            path: key.to_owned(),
            size: 434_234,
            modified: at("2024-12-03T17:50:30Z"),
            tag: "\"fba9dede5f27731c\"".to_owned(),
        };
        let second =
            ExportFile { path: String::new(), size: 0, modified: at("2024-12-01T00:00:00Z"), tag: String::new() };
        assert_eq!(read.items, [first, second]);
    }
    let last = page(&listing(URL, "false", "<NextContinuationToken>x</NextContinuationToken>"), "acme/").unwrap();
    assert_eq!((last.items.len(), last.next), (2, None));
    let none =
        page("<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>", "acme/")
            .unwrap();
    assert!(none.items.is_empty() && none.next.is_none());
}

#[test]
fn what_is_no_listing_is_no_empty_one() {
    let object = |parts: &str| format!("<R><IsTruncated>false</IsTruncated><Contents>{parts}</Contents></R>");
    for (xml, why) in [
        (String::new(), ""),
        ("<html><body>It works!</body></html>".to_owned(), "IsTruncated"),
        ("<R><IsTruncated>false</IsTruncated><Contents>".to_owned(), ""),
        (object("<Key>acme/a</Key><LastModified>2024-12-03T17:50:30Z</LastModified>"), "Size"),
        (object("<Key>acme/a</Key><LastModified>2024-12-03T17:50:30Z</LastModified><Size>many</Size>"), "expected u64"),
        (object("<Key>acme/a</Key><LastModified>lately</LastModified><Size>1</Size>"), "invalid"),
        (object("<LastModified>2024-12-03T17:50:30Z</LastModified><Size>1</Size>"), "Key"),
        (
            object("<Key>other/a</Key><LastModified>2024-12-03T17:50:30Z</LastModified><Size>1</Size>"),
            "not below the prefix",
        ),
        (listing("<EncodingType>url</EncodingType>", "true", ""), "does not say how to ask"),
        (listing("<EncodingType>url</EncodingType>", "false", "").replace("%01", "%ff"), "is not text"),
    ] {
        let said = page(&xml, "acme/").unwrap_err();
        assert!(said.contains(why), "{xml}: {said}");
    }
}

#[test]
fn a_refusal_has_the_kind_of_its_code_and_names_the_region_of_the_bucket() {
    let error = |code: &str, more: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Because.</Message>{more}<RequestId>r</RequestId></Error>"
        )
    };
    for (status, body, header, kind, said, other) in [
        (403, error("AccessDenied", ""), None, FailureKind::Denied, "AccessDenied: Because", None),
        (
            404,
            error("NoSuchBucket", "<BucketName>bills</BucketName>"),
            None,
            FailureKind::NotFound,
            "NoSuchBucket: Because",
            None,
        ),
        (404, error("NoSuchKey", "<Key>a</Key>"), None, FailureKind::NotFound, "NoSuchKey: Because", None),
        (403, error("InvalidAccessKeyId", ""), None, FailureKind::BadCredentials, "InvalidAccessKeyId: Because", None),
        (400, error("ExpiredToken", ""), None, FailureKind::BadCredentials, "ExpiredToken", None),
        (503, error("SlowDown", ""), None, FailureKind::Throttled, "SlowDown: Because", None),
        (412, error("PreconditionFailed", ""), None, FailureKind::Refused, "PreconditionFailed: Because", None),
        (500, "<html>".to_owned(), None, FailureKind::Refused, "unreadable response (HTTP 500)", None),
        (403, String::new(), None, FailureKind::Denied, "unreadable response (HTTP 403)", None),
        (
            301,
            error("PermanentRedirect", ""),
            Some("eu-west-1"),
            FailureKind::Refused,
            "PermanentRedirect: Because",
            Some("eu-west-1"),
        ),
        (
            301,
            String::new(),
            Some("eu-west-1"),
            FailureKind::Refused,
            "unreadable response (HTTP 301)",
            Some("eu-west-1"),
        ),
        (
            400,
            error("AuthorizationHeaderMalformed", "<Region>us-gov-west-1</Region>"),
            None,
            FailureKind::Refused,
            "AuthorizationHeaderMalformed",
            Some("us-gov-west-1"),
        ),
        (
            400,
            error("AuthorizationHeaderMalformed", ""),
            None,
            FailureKind::Refused,
            "AuthorizationHeaderMalformed",
            None,
        ),
        // The region that was asked, one that would become another host, and one where nothing was said to be
        // elsewhere.
        (301, String::new(), Some("ap-northeast-2"), FailureKind::Refused, "HTTP 301", None),
        (301, String::new(), Some("x.evil.example/eu-west-1"), FailureKind::Refused, "HTTP 301", None),
        (301, String::new(), Some("EU"), FailureKind::Refused, "HTTP 301", None),
        (403, error("AccessDenied", ""), Some("eu-west-1"), FailureKind::Denied, "AccessDenied", None),
    ] {
        let refusal = Refusal::read(&body, header.map(str::to_owned));
        let failure = refusal.failure(Named { call: "s3:ListBucket", resource: "bills" }, status);
        assert!(failure.kind == kind && failure.said.contains(said), "{body}: {failure:?}");
        assert_eq!(other_region(status, &refusal, "ap-northeast-2").as_deref(), other, "{status} {body}");
    }
}

proptest! {
    #[test]
    fn an_encoded_key_is_decoded_to_itself(key in "\\PC*|[\\x01-\\x7f]*") {
        prop_assert_eq!(decoded(&utf8_percent_encode(&key, IN_PATH).to_string()).unwrap(), key);
    }

    #[test]
    fn no_text_makes_a_reader_fail_otherwise_than_with_an_error(xml in "(<(ListBucketResult|Error|Contents|Key|Size|IsTruncated|Code|Region)>|</(Contents|Key|Error)>|true|[0-9]|\\PC){0,40}") {
        let _ = page(&xml, "acme/");
        let _ = Refusal::read(&xml, None);
    }
}
