//! Certificates of Certificate Manager, and the names they are for.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{CERTIFICATES, DescribeCall};
use serde_json::json;

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, plain, sorted, time_text, with_token};

pub(in crate::account) const CALLS: &[&str] = &["acm:ListCertificates"];

/// Without this AWS lists RSA certificates only.
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html>
const KEY_TYPES: [&str; 7] =
    ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let call = |token: Option<String>| {
        let body = with_token(json!({"MaxItems": 1000, "Includes": {"keyTypes": KEY_TYPES}}), "NextToken", token);
        DescribeCall::post(&CERTIFICATES, "acm:ListCertificates", &body, "the region's certificates")
    };
    let found = look.list(Listed::new("CertificateSummaryList", "NextToken"), call).await?;
    let all = found.iter().map(certificate).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::Certificate, all))
}

fn certificate(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("acm:ListCertificates", of);
    let arn = fields.required("CertificateArn")?;
    let mut certificate = MapResource::new(arn.rsplit('/').next().unwrap_or(arn));
    certificate.arn = Some(arn.to_owned());
    fields.set(
        &mut certificate,
        &[
            ("name", "DomainName"),
            ("status", "Status"),
            ("type", "Type"),
            ("key_algorithm", "KeyAlgorithm"),
            ("renewal_eligibility", "RenewalEligibility"),
        ],
    );
    fields.set_by(&mut certificate, "names", "SubjectAlternativeNameSummaries", sorted);
    fields.set_by(&mut certificate, "expires", "NotAfter", time_text);
    // The list has at most 100 names of each.
    fields.set(&mut certificate, &[("has_more_names", "HasAdditionalSubjectAlternativeNames")]);
    certificate.noted.extend(fields.get("InUse").and_then(plain).map(|used| ("in_use".to_owned(), used)));
    Ok(certificate)
}
