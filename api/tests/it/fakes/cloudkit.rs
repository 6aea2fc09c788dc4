//! CloudKit LazyClient Services, as far as the store uses them
//! (<https://developer.apple.com/library/archive/documentation/DataManagement/Conceptual/CloudKitWebServicesReference/>).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Faults, serve};

const KEY_ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct Zone {
    /// Type, fields and change tag, by name.
    records: BTreeMap<String, (String, Value, String)>,
    changes: u64,
    /// What the next records answered are instead.
    faults: Vec<Value>,
}

/// The public database of one container, and the only key to it.
#[derive(Clone)]
pub(crate) struct CloudKit {
    pub(crate) faults: Faults,
    key: Arc<EcdsaKeyPair>,
    zone: Arc<Mutex<Zone>>,
}

impl CloudKit {
    /// With its address.
    pub(crate) async fn start() -> (Self, String) {
        let key = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap());
        let service = Self { faults: Faults::default(), key, zone: Arc::default() };
        let path = "/database/1/iCloud.one.stepby.onestep/production/public/records/{method}";
        let address =
            serve(Router::new().route(path, post(answer)).with_state(service.clone()), service.faults.clone()).await;
        (service, address)
    }

    /// What follows `icloud:` to open it.
    pub(crate) fn rest(&self, address: &str) -> String {
        let key: String = url::form_urlencoded::byte_serialize(self.pem().as_bytes()).collect();
        format!("iCloud.one.stepby.onestep?key_id={KEY_ID}&key={}&base={address}", key.replace('+', "%20"))
    }

    pub(crate) fn key_id(&self) -> &'static str {
        KEY_ID
    }

    /// The private key as OpenSSL writes it.
    pub(crate) fn pem(&self) -> String {
        let der = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&self.key.private_key()).unwrap();
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        format!(
            "{parameters}-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        )
    }

    /// Answers the next record with a fault of its own, inside an answer that is fine.
    pub(crate) fn next_record(&self, code: &str, reason: &str) {
        self.zone.lock().unwrap().faults.push(json!({ "serverErrorCode": code, "reason": reason }));
    }

    fn signed(&self, headers: &HeaderMap, path: &str, body: &[u8]) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let date = header("X-Apple-CloudKit-Request-ISO8601Date");
        let Ok(time) = DateTime::parse_from_rfc3339(date) else { return false };
        assert!(date.len() == 20 && date.ends_with('Z'), "{date}");
        let message = format!("{date}:{}:{path}", STANDARD.encode(Sha256::digest(body)));
        let signature = STANDARD.decode(header("X-Apple-CloudKit-Request-SignatureV1")).unwrap_or_default();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.key.public_key().as_ref());
        let fresh = (Utc::now() - time.with_timezone(&Utc)).num_minutes().abs() < 10;
        fresh
            && header("X-Apple-CloudKit-Request-KeyID") == KEY_ID
            && key.verify(message.as_bytes(), &signature).is_ok()
    }

    fn lookup(&self, body: &Value) -> Vec<Value> {
        let zone = self.zone.lock().unwrap();
        let find = |record: &Value| {
            let name = record["recordName"].as_str().unwrap();
            match zone.records.get(name) {
                Some((kind, fields, tag)) => {
                    json!({ "recordName": name, "recordType": kind, "fields": fields, "recordChangeTag": tag })
                }
                None => json!({ "recordName": name, "reason": "Record not found", "serverErrorCode": "NOT_FOUND" }),
            }
        };
        body["records"].as_array().unwrap().iter().map(find).collect()
    }

    fn modify(&self, body: &Value) -> Vec<Value> {
        assert_eq!(body["atomic"], json!(false));
        let operations = body["operations"].as_array().unwrap();
        operations
            .iter()
            .map(|operation| self.operate(operation["operationType"].as_str().unwrap(), &operation["record"]))
            .collect()
    }

    fn operate(&self, operation: &str, record: &Value) -> Value {
        let name = record["recordName"].as_str().unwrap();
        let fault = |code: &str, reason: &str| json!({ "recordName": name, "serverErrorCode": code, "reason": reason });
        let kind = record["recordType"].as_str().unwrap();
        assert!(name.is_ascii() && name.len() <= 255 && !name.starts_with('_') && kind != "Users", "{kind} {name}");
        assert_eq!(record["fields"]["body"]["type"], "BYTES");
        if record.to_string().len() * 3 / 4 > 1_000_000 {
            return fault("BAD_REQUEST", "record is too large");
        }
        let mut zone = self.zone.lock().unwrap();
        match (operation, zone.records.get(name)) {
            ("create", Some(_)) => return fault("CONFLICT", "record to insert already exists"),
            ("create", None) => {}
            ("update", None) => return fault("NOT_FOUND", "Record not found"),
            ("update", Some((_, _, tag))) => {
                if record["recordChangeTag"].as_str() != Some(tag) {
                    return fault("CONFLICT", "client knowledge differs");
                }
            }
            (other, _) => panic!("no operation {other}"),
        }
        zone.changes += 1;
        let tag = format!("k{:x}", zone.changes);
        zone.records.insert(name.to_owned(), (kind.to_owned(), record["fields"].clone(), tag.clone()));
        json!({ "recordName": name, "recordType": kind, "fields": record["fields"], "recordChangeTag": tag })
    }

    fn query(&self, body: &Value) -> Vec<Value> {
        let query = &body["query"];
        assert_eq!(query["sortBy"], json!([{ "fieldName": "number", "ascending": true }]));
        assert_eq!(
            (&query["filterBy"][0]["fieldName"], &query["filterBy"][0]["comparator"]),
            (&json!("number"), &json!("GREATER_THAN"))
        );
        let after = query["filterBy"][0]["fieldValue"]["value"].as_i64().unwrap();
        let limit = body["resultsLimit"].as_u64().unwrap() as usize;
        assert!(limit <= 200);
        let zone = self.zone.lock().unwrap();
        let number = |fields: &Value| fields["number"]["value"].as_i64().unwrap();
        let mut found: Vec<_> = zone
            .records
            .iter()
            .filter(|(_, (kind, fields, _))| query["recordType"] == kind.as_str() && number(fields) > after)
            .collect();
        found.sort_by_key(|(_, (_, fields, _))| number(fields));
        // CloudKit may answer fewer than it was asked for.
        let some = found.into_iter().take(limit.min(3));
        some.map(
            |(name, (kind, fields, tag))| json!({ "recordName": name, "recordType": kind, "fields": { "number": fields["number"] }, "recordChangeTag": tag }),
        )
        .collect()
    }
}

async fn answer(
    State(service): State<CloudKit>,
    OriginalUri(uri): OriginalUri,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !service.signed(&headers, uri.path(), &body) {
        let fault =
            json!({ "uuid": "7d1c", "serverErrorCode": "AUTHENTICATION_FAILED", "reason": "Authentication failed" });
        return (StatusCode::UNAUTHORIZED, Json(fault)).into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let fault = service.zone.lock().unwrap().faults.pop();
    if let Some(mut fault) = fault {
        let name = body["records"][0]["recordName"]
            .as_str()
            .or(body["operations"][0]["record"]["recordName"].as_str())
            .unwrap_or("users-1");
        fault["recordName"] = json!(name);
        return Json(json!({ "records": [fault] })).into_response();
    }
    let records = match method.as_str() {
        "lookup" => service.lookup(&body),
        "modify" => service.modify(&body),
        "query" => service.query(&body),
        other => panic!("no method {other}"),
    };
    Json(json!({ "records": records })).into_response()
}
