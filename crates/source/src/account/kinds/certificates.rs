//! Certificates of Certificate Manager, and the names they are for.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{CERTIFICATES, DescribeCall};
use model::redact::printable;
use serde_json::{Value, json};

use crate::account::asked::{MapStop, present};
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, plain, sorted, time_text, unreadable, with_token};

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

const DESCRIBE: &str = "acm:DescribeCertificate";

/// One certificate with what only a question about it alone says: its validation records, its renewal, and what uses
/// it; `None` if it is gone.
pub(in crate::account) async fn one(look: &MapContext<'_>, arn: &str) -> Result<Option<MapResource>, MapStop> {
    let call = DescribeCall::post(&CERTIFICATES, DESCRIBE, &json!({"CertificateArn": arn}), arn);
    let Some(answer) = present(look.object(call).await)? else { return Ok(None) };
    let fields = Fields::new(DESCRIBE, &answer)
        .at("Certificate")
        .ok_or_else(|| unreadable(DESCRIBE, arn, "it has no `Certificate`"))?;
    let mut one = MapResource::new(arn.rsplit('/').next().unwrap_or(arn));
    one.arn = Some(arn.to_owned());
    fields.set(
        &mut one,
        &[
            ("name", "DomainName"),
            ("status", "Status"),
            ("type", "Type"),
            ("key_algorithm", "KeyAlgorithm"),
            ("renewal_eligibility", "RenewalEligibility"),
            ("failure", "FailureReason"),
        ],
    );
    // Whole, however many there are: a cut list would hide a name.
    let names = fields.get("SubjectAlternativeNames").and_then(sorted);
    one.settings.extend(names.map(|names| ("names".to_owned(), Some(printable(&names)))));
    fields.set_by(&mut one, "expires", "NotAfter", time_text);
    fields.set_by(&mut one, "created", "CreatedAt", time_text);
    fields.set_in(&mut one, "RenewalSummary", &[("renewal", "RenewalStatus")]);
    if let Some(used) = fields.get("InUseBy").and_then(Value::as_array) {
        one.noted.insert("in_use".to_owned(), if used.is_empty() { "no" } else { "yes" }.to_owned());
    }
    for option in fields.get("DomainValidationOptions").and_then(Value::as_array).into_iter().flatten() {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(printable);
        let record = option.get("ResourceRecord");
        let of = |name: &str| text(record.and_then(|record| record.get(name)));
        // Without a record it is validated by mail.
        let (Some(domain), Some(name), Some(value)) = (text(option.get("DomainName")), of("Name"), of("Value")) else {
            continue;
        };
        let status = text(option.get("ValidationStatus")).unwrap_or_else(|| "PENDING_VALIDATION".to_owned());
        one.set(&format!("validation {domain}"), format!("{status} {name} {value}"));
    }
    Ok(Some(one))
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
