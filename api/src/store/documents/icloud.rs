//! `icloud:CONTAINER`: documents in the public database of an iCloud container, over CloudKit Web Services
//! (<https://developer.apple.com/library/archive/documentation/DataManagement/Conceptual/CloudKitWebServicesReference/>).
//!
//! A server-to-server key can use the public database only, so this program controls who may read which document. An
//! update names the `recordChangeTag` that was read, and is refused with `CONFLICT` when it has expired; a create is
//! refused when the record exists. Requests are not atomic over several records, because the default zone does not
//! support it, and `forceReplace` is not used. A record has at most 1 MB.
//!
//! The schema of the container has three record types with a field `body` (Bytes): `OneStepUser`, `OneStepName` and
//! `OneStepCounter`. `OneStepUser` also has a field `number` (Int64), which must be queryable and sortable, because
//! records are listed by it. In the development environment CloudKit creates types and fields by itself, but not the
//! indexes.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::backend::{Document, DocumentBackend, DocumentKey, Put, Version};
use super::handle::Documents;
use super::retry::{RETRIES, pause};
use super::wire::{self, Address, Reply, unavailable};
use crate::google_account::secure_url;
use crate::store::{Store, StoreError};
use onestep_core::model::Id;

const STORE: &str = "iCloud";
/// 1 MB, minus the other fields and the names.
const MAX_BYTES: usize = 1_000_000 - 4_096;
/// The most records in one answer.
const PAGE: u32 = 200;

/// Records of one container.
struct CloudKit {
    http: reqwest::Client,
    /// The URL without a slash at the end.
    base: String,
    /// From `/database` up to and including `/records`. The path is part of the signature.
    path: String,
    key_id: String,
    key: EcdsaKeyPair,
}

/// Opens the store of a setting after `icloud:`: `CONTAINER?key_id=ID&key=KEY` with the private key in PEM or the path
/// of its file, and optionally `environment=production|development` (default: production) and `base=URL`.
///
/// # Errors
/// What is missing or wrong, for the operator, without the key.
pub fn open(rest: &str) -> Result<Arc<dyn Store>, String> {
    let mut address = Address::parse(rest);
    let (key_id, key, environment, base) =
        (address.take("key_id"), address.take("key"), address.take("environment"), address.take("base"));
    let container = std::mem::take(&mut address.name);
    address.done().map_err(|reason| {
        format!("ONESTEP_STORE: {reason}; the known options are key_id, key, environment and base")
    })?;
    if container.is_empty() || !container.chars().all(|sign| sign.is_ascii_alphanumeric() || "-.".contains(sign)) {
        return Err(format!(
            "ONESTEP_STORE: {container:?} is not the name of a container; write icloud:CONTAINER, such as icloud:iCloud.com.example.app"
        ));
    }
    let key_id = key_id.ok_or(
        "ONESTEP_STORE: an iCloud container needs key_id=, the id of a server-to-server key in the CloudKit console",
    )?;
    let key =
        key.ok_or("ONESTEP_STORE: an iCloud container needs key=, the private key in PEM or the path of its file")?;
    let environment = environment.unwrap_or_else(|| "production".to_owned());
    if !["production", "development"].contains(&environment.as_str()) {
        return Err(format!("ONESTEP_STORE: environment must be production or development, not {environment:?}"));
    }
    let base = base.unwrap_or_else(|| "https://api.apple-cloudkit.com".to_owned());
    let base = secure_url(&base).map_err(|reason| format!("ONESTEP_STORE: base {reason}"))?;
    let backend = CloudKit {
        http: wire::client()?,
        base: base.as_str().trim_end_matches('/').to_owned(),
        path: format!("/database/1/{container}/{environment}/public/records"),
        key_id,
        key: read_key(&key)?,
    };
    Ok(Arc::new(Documents::new(backend, Utc::now)))
}

/// Reads the private key in PEM: OpenSSL's form (`EC PRIVATE KEY`, perhaps after `EC PARAMETERS`) or PKCS#8. Line ends
/// may be missing, or be the two characters `\n`, because it comes from a setting.
fn read_key(given: &str) -> Result<EcdsaKeyPair, String> {
    const WRONG: &str = "ONESTEP_STORE: the key is not a private key for P-256 in PEM; make one with: openssl ecparam -name prime256v1 -genkey -noout";
    let text = if given.contains("-----BEGIN") {
        given.to_owned()
    } else {
        std::fs::read_to_string(given)
            .map_err(|error| format!("ONESTEP_STORE: the file of the key cannot be read: {}", error.kind()))?
    };
    let (_, after) = text.split_once("PRIVATE KEY-----").ok_or(WRONG)?;
    let (body, _) = after.split_once("-----END").ok_or(WRONG)?;
    let body = body.replace("\\n", "");
    let body: String = body.chars().filter(|sign| !sign.is_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| WRONG)?;
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).map_err(|_| WRONG.to_owned())
}

/// One record of an answer, or its error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    record_name: String,
    record_change_tag: Option<String>,
    #[serde(default)]
    fields: Fields,
    #[serde(flatten)]
    fault: ServiceError,
}

#[derive(Deserialize, Default)]
struct Fields {
    body: Option<Field<String>>,
    number: Option<Field<Id>>,
}

#[derive(Deserialize)]
struct Field<T> {
    value: T,
}

/// The error of a record or of the whole request
/// (<https://developer.apple.com/library/archive/documentation/DataManagement/Conceptual/CloudKitWebServicesReference/ErrorCodes.html>).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ServiceError {
    server_error_code: Option<String>,
    #[serde(default)]
    reason: String,
    /// Seconds.
    retry_after: Option<f64>,
}

#[derive(Deserialize)]
struct Records {
    records: Vec<Record>,
}

impl CloudKit {
    /// `SignatureV1` over date, hash of the body, and path
    /// (<https://developer.apple.com/library/archive/documentation/DataManagement/Conceptual/CloudKitWebServicesReference/SettingUpWebServices.html>).
    fn sign(&self, path: &str, body: &[u8], now: DateTime<Utc>) -> Result<(String, String), StoreError> {
        let date = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let message = format!("{date}:{}:{path}", STANDARD.encode(Sha256::digest(body)));
        let signature = self
            .key
            .sign(&SystemRandom::new(), message.as_bytes())
            .map_err(|_| unavailable(STORE, "the key does not sign"))?;
        Ok((date, STANDARD.encode(signature)))
    }

    async fn send(&self, method: &str, body: &[u8]) -> Result<Reply, StoreError> {
        let path = format!("{}/{method}", self.path);
        let (date, signature) = self.sign(&path, body, Utc::now())?;
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_vec());
        let request = request
            .header("X-Apple-CloudKit-Request-KeyID", &self.key_id)
            .header("X-Apple-CloudKit-Request-ISO8601Date", date);
        wire::send(STORE, request.header("X-Apple-CloudKit-Request-SignatureV1", signature)).await
    }

    /// Sends a request, at most three times while CloudKit is throttling. Records in the result may have other errors.
    async fn call(&self, method: &str, body: &Value) -> Result<Vec<Record>, StoreError> {
        let body = body.to_string().into_bytes();
        for attempt in 0.. {
            let reply = self.send(method, &body).await?;
            let records =
                if reply.status.is_success() { reply.json::<Records>(STORE)?.records } else { vec![whole(&reply)] };
            // Without a name, the whole request failed.
            let later =
                |record: &Record| record.fault.throttled() || (method != "modify" && record.fault.failed_inside());
            match records.iter().find(|record| later(record) || record.record_name.is_empty()) {
                None => return Ok(records),
                Some(record) if later(record) && attempt < RETRIES => pause(attempt + 3).await,
                Some(record) => return Err(self.error(&record.fault)),
            }
        }
        Err(unavailable(STORE, "no request was sent"))
    }

    fn error(&self, fault: &ServiceError) -> StoreError {
        let code = fault.server_error_code.as_deref().unwrap_or("an answer without records");
        let when = fault.retry_after.map_or_else(String::new, |seconds| format!(", try again in {seconds} s"));
        let reason = format!("{code}: {}{when}", wire::line(&fault.reason));
        match code {
            _ if fault.throttled() => StoreError::Throttled { store: STORE, reason },
            "QUOTA_EXCEEDED" => StoreError::Full { store: STORE, reason },
            "AUTHENTICATION_FAILED" | "AUTHENTICATION_REQUIRED" | "ACCESS_DENIED" => unavailable(
                STORE,
                format!(
                    "it refuses the key {} ({reason}); register its public key in the CloudKit console for this container and environment",
                    self.key_id
                ),
            ),
            _ => unavailable(STORE, reason),
        }
    }
}

impl ServiceError {
    /// Nothing was done, and the request may be repeated later.
    fn throttled(&self) -> bool {
        matches!(self.server_error_code.as_deref(), Some("THROTTLED" | "ZONE_BUSY"))
    }

    /// The request may be repeated, but it is unknown whether it was done.
    fn failed_inside(&self) -> bool {
        self.server_error_code.as_deref() == Some("TRY_AGAIN_LATER")
    }
}

/// The error of a whole request, as a record without a name.
fn whole(reply: &Reply) -> Record {
    let fault =
        serde_json::from_slice::<ServiceError>(&reply.body).ok().filter(|fault| fault.server_error_code.is_some());
    let code = match reply.status.as_u16() {
        429 => "THROTTLED",
        401 => "AUTHENTICATION_FAILED",
        _ => "HTTP",
    };
    let fault = fault.unwrap_or_else(|| ServiceError {
        server_error_code: Some(code.to_owned()),
        reason: format!("it answered {}", reply.status),
        retry_after: None,
    });
    Record { record_name: String::new(), record_change_tag: None, fields: Fields::default(), fault }
}

fn record_type(place: &DocumentKey) -> &'static str {
    match place {
        DocumentKey::User(_) => "OneStepUser",
        DocumentKey::Name(_) => "OneStepName",
        DocumentKey::Counter => "OneStepCounter",
    }
}

fn record_name(place: &DocumentKey) -> String {
    format!("{}-{}", place.collection(), place.name())
}

#[async_trait]
impl DocumentBackend for CloudKit {
    fn name(&self) -> &'static str {
        STORE
    }

    fn max_bytes(&self) -> usize {
        MAX_BYTES
    }

    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let name = record_name(place);
        let records = self.call("lookup", &json!({ "records": [{ "recordName": name }] })).await?;
        let Some(record) = records.into_iter().find(|record| record.record_name == name) else {
            return Err(unavailable(STORE, "its answer does not say whether a record exists"));
        };
        match record.fault.server_error_code.as_deref() {
            Some("NOT_FOUND") => return Ok(None),
            Some(_) => return Err(self.error(&record.fault)),
            None => {}
        }
        let broken =
            |reason: &str| StoreError::Broken { store: STORE, place: place.to_string(), reason: reason.to_owned() };
        let body = record.fields.body.ok_or_else(|| broken("it has no body"))?.value;
        let body = STANDARD.decode(body).map_err(|_| broken("its body is not base64"))?;
        let version = record.record_change_tag.ok_or_else(|| broken("it has no change tag"))?;
        Ok(Some(Document { body, version: Version(version) }))
    }

    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError> {
        let name = record_name(place);
        let mut fields = json!({ "body": { "value": STANDARD.encode(body), "type": "BYTES" } });
        if let (DocumentKey::User(id), Some(fields)) = (place, fields.as_object_mut()) {
            fields.insert("number".to_owned(), json!({ "value": id, "type": "INT64" }));
        }
        let mut record = json!({ "recordName": name, "recordType": record_type(place), "fields": fields });
        if let (Some(version), Some(record)) = (expected, record.as_object_mut()) {
            record.insert("recordChangeTag".to_owned(), json!(version.0));
        }
        let operation = if expected.is_some() { "update" } else { "create" };
        let operations = json!({ "operations": [{ "operationType": operation, "record": record }], "atomic": false });
        let records = self.call("modify", &operations).await?;
        let Some(record) = records.into_iter().find(|record| record.record_name == name) else {
            return Err(unavailable(STORE, "its answer does not have the result for a record"));
        };
        match (record.fault.server_error_code.as_deref(), record.record_change_tag) {
            (None, Some(tag)) => Ok(Put::Written(Version(tag))),
            (None, None) => Err(unavailable(STORE, "it wrote a record without a change tag")),
            // Its tag has expired; it exists already; it was deleted.
            (Some("CONFLICT" | "EXISTS" | "NOT_FOUND"), _) => Ok(Put::Conflict),
            (Some(_), _) => Err(self.error(&record.fault)),
        }
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        let mut ids: Vec<Id> = Vec::new();
        loop {
            let wanted = most.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX)).min(PAGE);
            if wanted == 0 {
                return Ok(ids);
            }
            let last = ids.last().copied().or(after).unwrap_or(0);
            let query = json!({
                "recordType": record_type(&DocumentKey::User(0)),
                "filterBy": [{ "fieldName": "number", "comparator": "GREATER_THAN", "fieldValue": { "value": last, "type": "INT64" } }],
                "sortBy": [{ "fieldName": "number", "ascending": true }],
            });
            let records = self
                .call("query", &json!({ "query": query, "resultsLimit": wanted, "desiredKeys": ["number"] }))
                .await?;
            if records.is_empty() {
                return Ok(ids);
            }
            for record in records {
                if record.fault.server_error_code.is_some() {
                    return Err(self.error(&record.fault));
                }
                match record.fields.number {
                    Some(Field { value }) if value > ids.last().copied().unwrap_or(last) => ids.push(value),
                    _ => return Err(unavailable(STORE, "it lists users without a number or out of order")),
                }
            }
        }
    }
}
