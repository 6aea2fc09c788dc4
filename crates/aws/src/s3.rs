//! S3, as far as exports of a bill are read from it: ListObjectsV2 and GetObject. Its SDK crate has a quarter of a
//! million lines.
//! - <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
//! - <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
//!
//! A bucket may be in another region than was asked; S3 then says which one, and it is asked there.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sigv4::http_request::{PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode};
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::{Method, Response, Url};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::failure::refused;
use super::signed::{Named, SignedClient, Try, Unsigned, domain};
use super::{ExportBucket, ExportsApi, ResultPage};
use billing::export::layout::ExportFile;
use model::call_failure::{CallFailure, FailureKind};

/// The service's name in signatures, and in its own addresses.
const NAME: &str = "s3";
/// Its id in the SDK's settings of endpoints.
const ID: &str = "S3";
/// What a value in an address is written with as it is; all else is percent-encoded.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// A key is written with its slashes.
const IN_PATH: &AsciiSet = &IN_QUERY.remove(b'/');

/// Lists and reads buckets.
pub(super) struct S3 {
    client: Arc<SignedClient>,
    /// The regions of buckets, where S3 has named them.
    regions: Mutex<BTreeMap<String, String>>,
}

/// One call: about a bucket, or an object in it.
struct Call<'a> {
    named: Named<'a>,
    bucket: &'a ExportBucket,
    /// Empty for the bucket itself.
    key: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'static str, &'a str)],
    limit: Option<Duration>,
}

/// What S3 made of a request.
enum Answer {
    Success(Response),
    Refusal { status: u16, refusal: Refusal },
}

impl S3 {
    pub(super) fn new(client: Arc<SignedClient>) -> Self {
        Self { client, regions: Mutex::default() }
    }

    /// Asks the region that the bucket is known or said to be in, and once more where S3 names another one.
    async fn ask(&self, call: &Call<'_>) -> Result<Response, Try> {
        let region = match (self.known_region(&call.bucket.name), &call.bucket.region) {
            (Some(known), _) => known,
            (None, Some(said)) => said.clone(),
            (None, None) => self.client.region(call.named).map_err(Try::last)?,
        };
        let mut answer = self.send(call, &region).await?;
        if let Answer::Refusal { status, refusal } = &answer
            && let Some(other) = other_region(*status, refusal, &region)
        {
            self.regions().insert(call.bucket.name.clone(), other.clone());
            answer = self.send(call, &other).await?;
        }
        match answer {
            Answer::Success(response) => Ok(response),
            Answer::Refusal { status, refusal } => {
                Err(self.client.refused(refusal.failure(call.named, status), status).await)
            }
        }
    }

    async fn send(&self, call: &Call<'_>, region: &str) -> Result<Answer, Try> {
        let endpoint = self.client.endpoint(ID);
        let config = self.client.config();
        let variant =
            Variant { fips: config.use_fips() == Some(true), dual_stack: config.use_dual_stack() == Some(true) };
        let url = address(endpoint.as_deref(), variant, &call.bucket.name, region, call.key, call.query);
        let request = Unsigned {
            service: NAME,
            region,
            method: Method::GET,
            url: url.map_err(|why| Try::last(call.named.not_made(&why)))?,
            headers: call.headers,
            body: Vec::new(),
            settings: settings(),
            limit: call.limit,
        };
        // To read twice changes nothing.
        let again = |failure: CallFailure| Try {
            again: matches!(failure.kind, FailureKind::Unreachable | FailureKind::NoAnswer),
            failure,
        };
        let answer = self.client.send(call.named, request).await.map_err(again)?;
        if answer.status().is_success() {
            return Ok(Answer::Success(answer));
        }
        let status = answer.status().as_u16();
        let region =
            answer.headers().get("x-amz-bucket-region").and_then(|region| region.to_str().ok()).map(str::to_owned);
        let text = self.client.text(call.named, answer).await.map_err(Try::last)?;
        Ok(Answer::Refusal { status, refusal: Refusal::read(&text, region) })
    }

    fn known_region(&self, bucket: &str) -> Option<String> {
        self.regions().get(bucket).cloned()
    }

    fn regions(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ExportsApi for S3 {
    async fn objects(&self, bucket: &ExportBucket, token: Option<&str>) -> Result<ResultPage<ExportFile>, CallFailure> {
        let named = Named { call: "s3:ListBucket", resource: &bucket.name };
        // Keys may have characters that XML cannot; encoded, all of them fit in.
        let mut query = vec![("encoding-type", "url"), ("list-type", "2"), ("prefix", &bucket.prefix)];
        query.extend(token.map(|token| ("continuation-token", token)));
        let call = Call { named, bucket, key: "", query: &query, headers: &[], limit: Some(self.client.one_try) };
        let once = async || {
            let answer = self.ask(&call).await?;
            self.client.text(named, answer).await.map_err(Try::last)
        };
        let text = self.client.tries(once).await?;
        page(&text, &bucket.prefix).map_err(|why| named.unreadable(why))
    }

    async fn fetch(&self, bucket: &ExportBucket, object: &ExportFile, into: &mut File) -> Result<(), CallFailure> {
        let key = format!("{}{}", bucket.prefix, object.path);
        let named = Named { call: "s3:GetObject", resource: &key };
        let unchanged = [("if-match", object.tag.as_str())];
        let headers = if object.tag.is_empty() { &[][..] } else { &unchanged[..] };
        let call = Call { named, bucket, key: &key, query: &[], headers, limit: None };
        let mut answer = self.client.tries(async || self.ask(&call).await).await?;
        let kept = |error: std::io::Error| named.unreadable(format!("cannot write it on this machine: {error}"));
        // Blocks go to the disk on another thread than the loop's.
        let mut file = tokio::fs::File::from_std(into.try_clone().map_err(kept)?);
        let mut read: u64 = 0;
        while let Some(block) = answer.chunk().await.map_err(|error| named.without_an_answer(error))? {
            read += block.len() as u64;
            if read > object.size {
                break;
            }
            file.write_all(&block).await.map_err(kept)?;
        }
        file.flush().await.map_err(kept)?;
        if read == object.size {
            Ok(())
        } else {
            Err(named.unreadable(format!("it has another size than the {} bytes that were listed", object.size)))
        }
    }
}

/// How S3 wants requests signed: the path as it is sent, and with the checksum of the body.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

/// Which of a region's addresses is meant. <https://docs.aws.amazon.com/general/latest/gr/s3.html>
#[derive(Debug, Clone, Copy, Default)]
struct Variant {
    fips: bool,
    dual_stack: bool,
}

/// The address of a bucket or an object. Behind an endpoint of one's own a bucket is a part of the path, because its
/// name is in no DNS there; so is a bucket whose name has dots, because no certificate is valid for it.
fn address(
    endpoint: Option<&str>,
    variant: Variant,
    bucket: &str,
    region: &str,
    key: &str,
    query: &[(&str, &str)],
) -> Result<Url, String> {
    let is_host = !bucket.contains('.') && !bucket.starts_with('-') && !bucket.ends_with('-');
    let fips = if variant.fips { "-fips" } else { "" };
    let dual_stack = if variant.dual_stack { ".dualstack" } else { "" };
    let host = || format!("{NAME}{fips}{dual_stack}.{region}.{}", domain(region));
    let (base, in_path) = match endpoint {
        Some(endpoint) => (endpoint.trim_end_matches('/').to_owned(), true),
        None if is_host => (format!("https://{bucket}.{}", host()), false),
        None => (format!("https://{}", host()), true),
    };
    let base = Url::parse(&base).map_err(|error| format!("the endpoint `{base}` of {NAME} is no address: {error}"))?;
    let start = base.path().trim_end_matches('/');
    let bucket = if in_path { format!("/{bucket}") } else { String::new() };
    let key = if key.is_empty() && in_path { String::new() } else { format!("/{}", utf8_percent_encode(key, IN_PATH)) };
    let path = format!("{start}{bucket}{key}");
    let mut url = base.clone();
    url.set_path(&path);
    // `.` and `..` are resolved in every address; what they would lead to is another object.
    if url.path() != path {
        return Err("its key has `.` or `..` between slashes, which no address can say".to_owned());
    }
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY));
    let query = query.iter().map(pair).collect::<Vec<_>>().join("&");
    url.set_query((!query.is_empty()).then_some(query.as_str()));
    Ok(url)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListXml {
    /// An answer without it is no listing.
    is_truncated: bool,
    encoding_type: Option<String>,
    next_continuation_token: Option<String>,
    #[serde(default)]
    contents: Vec<ObjectXml>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectXml {
    key: String,
    last_modified: DateTime<Utc>,
    #[serde(rename = "ETag", default)]
    tag: String,
    size: u64,
}

/// A page of a listing, with the paths of its objects from the prefix on.
fn page(xml: &str, prefix: &str) -> Result<ResultPage<ExportFile>, String> {
    let read: ListXml = quick_xml::de::from_str(xml).map_err(|error| error.to_string())?;
    let encoded = read.encoding_type.as_deref() == Some("url");
    let mut items = Vec::with_capacity(read.contents.len());
    for object in read.contents {
        let key = if encoded { decoded(&object.key)? } else { object.key };
        let path =
            key.strip_prefix(prefix).ok_or_else(|| format!("the object `{key}` is not below the prefix `{prefix}`"))?;
        items.push(ExportFile {
            path: path.to_owned(),
            size: object.size,
            modified: object.last_modified,
            tag: object.tag,
        });
    }
    let next = read.next_continuation_token.filter(|token| !token.is_empty());
    if read.is_truncated && next.is_none() {
        return Err("a page that is not the last one does not say how to ask for the next one".to_owned());
    }
    Ok(ResultPage { items, next: next.filter(|_| read.is_truncated) })
}

/// A key as S3 encodes it in listings: as in a form, with `+` for a space.
fn decoded(key: &str) -> Result<String, String> {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Into::into)
        .map_err(|error| format!("the key `{key}` is not text: {error}"))
}

/// A refusal, as far as it can be read.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Refusal {
    code: String,
    message: String,
    /// The region of the bucket.
    region: Option<String>,
}

impl Refusal {
    /// A region in a header is there even where the body is empty.
    fn read(text: &str, region: Option<String>) -> Self {
        let read: Self = quick_xml::de::from_str(text).unwrap_or_default();
        Self { region: region.or(read.region), ..read }
    }

    fn failure(&self, named: Named<'_>, status: u16) -> CallFailure {
        refused(named.call, named.resource, status, &self.code, &self.message)
    }
}

/// The region that a refusal names, if it is refused because another one was asked. The name becomes a part of an
/// address, so it must look like one of a region.
fn other_region(status: u16, refusal: &Refusal, asked: &str) -> Option<String> {
    let named = refusal.region.as_deref()?;
    let is_region = named.len() <= 32
        && named.split('-').count() >= 3
        && named.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    (matches!(status, 301 | 307 | 400) && is_region && named != asked).then(|| named.to_owned())
}

#[cfg(test)]
mod tests;
