//! `firestore:PROJECT`: documents in Cloud Firestore, over its REST API.
//!
//! Reads are `documents:batchGet`
//! (<https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents/batchGet>), which
//! distinguishes a missing document from a missing database; writes are `documents:commit` with a precondition on
//! `exists` or `updateTime` (<https://firebase.google.com/docs/firestore/reference/rest/v1/Precondition>). A write that
//! changes nothing keeps its `updateTime` (<https://firebase.google.com/docs/firestore/reference/rest/v1/WriteResult>);
//! this is why no two states of a document have the same bytes. A document has at most 1 MiB with its name
//! (<https://firebase.google.com/docs/firestore/quotas#limits>).
//!
//! The one field of a document, `body`, needs no index; an index exemption for it saves index entries.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use chrono::Utc;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::backend::{Document, DocumentBackend, DocumentKey, Put, Version, user_document_name};
use super::handle::Documents;
use super::retry::{RETRIES, pause};
use super::wire::{self, Address, Reply, unavailable};
use crate::google_account::{AccessTokens, ServiceAccount, secure_url};
use crate::settings::Secret;
use crate::store::{Store, StoreError};
use onestep_core::model::Id;

const STORE: &str = "Firestore";
const SCOPE: &str = "https://www.googleapis.com/auth/datastore";
/// 1 MiB, minus the name and the field names.
const MAX_BYTES: usize = 1_048_576 - 4_096;

/// Documents of one project.
struct Firestore {
    http: reqwest::Client,
    /// The URL, up to and including `/documents`.
    address: String,
    /// The prefix of document names, which begins with `projects`.
    root: String,
    /// None: an emulator, which needs no token.
    tokens: Option<AccessTokens>,
}

/// Opens the store of a setting after `firestore:`: `PROJECT` or `PROJECT?base=URL`. The default project is the service
/// account's. `emulator` is host and port of an emulator, from `FIRESTORE_EMULATOR_HOST`.
///
/// # Errors
/// What is missing or wrong, for the operator.
pub fn open(rest: &str, firebase: Option<&Secret>, emulator: Option<&str>) -> Result<Arc<dyn Store>, String> {
    let mut address = Address::parse(rest);
    let base = address.take("base");
    let mut project = std::mem::take(&mut address.name);
    address.done().map_err(|reason| format!("ONESTEP_STORE: {reason}; the only known option is base"))?;
    let http = wire::client()?;
    let (base, tokens) = if let Some(host) = emulator.filter(|host| !host.is_empty()) {
        (format!("http://{host}"), None)
    } else {
        let json = firebase
            .ok_or("a store in Firestore needs a service account: set ONESTEP_FIREBASE to the JSON of its key")?;
        let account = ServiceAccount::parse(json)?;
        if project.is_empty() {
            project.clone_from(&account.project_id);
        }
        let base = base.unwrap_or_else(|| "https://firestore.googleapis.com".to_owned());
        let base = secure_url(&base).map_err(|reason| format!("ONESTEP_STORE: base {reason}"))?;
        (base.as_str().trim_end_matches('/').to_owned(), Some(AccessTokens::new(account, None, http.clone())?))
    };
    if project.is_empty() || !project.chars().all(|sign| sign.is_ascii_alphanumeric() || "-:.".contains(sign)) {
        return Err(format!("ONESTEP_STORE: {project:?} is not a project id of Google Cloud; write firestore:PROJECT"));
    }
    let root = format!("projects/{project}/databases/(default)/documents");
    let backend = Firestore { http, address: format!("{base}/v1/{root}"), root, tokens };
    Ok(Arc::new(Documents::new(backend, Utc::now)))
}

/// The error form of Google's services (<https://cloud.google.com/apis/design/errors#error_model>).
#[derive(Deserialize)]
struct ErrorResponse {
    error: ServiceError,
}

#[derive(Deserialize)]
struct ServiceError {
    #[serde(default)]
    message: String,
    /// Such as `NOT_FOUND`.
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    name: String,
    #[serde(default)]
    fields: Fields,
    update_time: Option<String>,
}

#[derive(Deserialize, Default)]
struct Fields {
    body: Option<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bytes {
    bytes_value: String,
}

impl Firestore {
    /// Sends a request: at most three times while Firestore is throttling, and once more when it refuses the token.
    /// Other errors of Firestore are the inner error.
    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &Value,
    ) -> Result<Result<T, ServiceError>, StoreError> {
        let mut throttled = 0;
        let mut refused = false;
        loop {
            let token = match &self.tokens {
                Some(tokens) => {
                    tokens.token(SCOPE, None, Utc::now()).await.map_err(|reason| unavailable(STORE, reason))?
                }
                None => Secret::new("owner"),
            };
            let request = self.http.post(format!("{}:{method}", self.address)).bearer_auth(token.reveal()).json(body);
            let reply = wire::send(STORE, request).await?;
            if reply.status.is_success() {
                return reply.json(STORE).map(Ok);
            }
            let fault = fault(&reply);
            match fault.status.as_str() {
                "RESOURCE_EXHAUSTED" if throttled < RETRIES => {
                    throttled += 1;
                    pause(throttled + 2).await;
                }
                "RESOURCE_EXHAUSTED" => return Err(StoreError::Throttled { store: STORE, reason: fault.message }),
                "UNAUTHENTICATED" if !refused => {
                    refused = true;
                    if let Some(tokens) = &self.tokens {
                        tokens.forget(&token);
                    }
                }
                "UNAUTHENTICATED" | "PERMISSION_DENIED" => {
                    let who =
                        self.tokens.as_ref().map_or("the emulator's owner", |tokens| &tokens.account().client_email);
                    let reason = format!(
                        "it refuses {who} ({}); give the account the role Cloud Datastore User in this project",
                        fault.message
                    );
                    return Err(unavailable(STORE, reason));
                }
                _ => return Ok(Err(fault)),
            }
        }
    }

    fn fault(&self, fault: &ServiceError) -> StoreError {
        unavailable(STORE, format!("{}: {}", fault.status, fault.message))
    }

    fn name_of(&self, place: &DocumentKey) -> String {
        format!("{}/{}/{}", self.root, place.collection(), place.name())
    }
}

/// The error in an answer. When the answer is not in Google's form, the status follows from the HTTP status.
fn fault(reply: &Reply) -> ServiceError {
    // Methods that answer with a list also answer errors in a list. Try the list first, because serde reads a list as a
    // struct with one field.
    let refusal = serde_json::from_slice::<[ErrorResponse; 1]>(&reply.body)
        .map(|[refusal]| refusal)
        .or_else(|_| serde_json::from_slice(&reply.body));
    match refusal {
        Ok(ErrorResponse { error: ServiceError { message, status } }) if !status.is_empty() => {
            ServiceError { message: wire::line(&message), status }
        }
        _ => {
            let status = match reply.status {
                StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
                StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
                StatusCode::FORBIDDEN => "PERMISSION_DENIED",
                _ => "UNKNOWN",
            };
            ServiceError { message: format!("it answered {}", reply.status), status: status.to_owned() }
        }
    }
}

#[async_trait]
impl DocumentBackend for Firestore {
    fn name(&self) -> &'static str {
        STORE
    }

    fn max_bytes(&self) -> usize {
        MAX_BYTES
    }

    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError> {
        #[derive(Deserialize)]
        struct Entry {
            found: Option<Stored>,
            missing: Option<String>,
        }
        let name = self.name_of(place);
        let answer: Vec<Entry> =
            self.call("batchGet", &json!({ "documents": [name] })).await?.map_err(|fault| self.fault(&fault))?;
        for entry in answer {
            if entry.missing.as_deref() == Some(&name) {
                return Ok(None);
            }
            if let Some(stored) = entry.found.filter(|stored| stored.name == name) {
                let broken = |reason: &str| StoreError::Broken {
                    store: STORE,
                    place: place.to_string(),
                    reason: reason.to_owned(),
                };
                let text = stored.fields.body.ok_or_else(|| broken("it has no body"))?.bytes_value;
                // The JSON of protocol buffers allows both alphabets.
                let body = STANDARD
                    .decode(&text)
                    .or_else(|_| URL_SAFE.decode(&text))
                    .map_err(|_| broken("its body is not base64"))?;
                let version = stored.update_time.ok_or_else(|| broken("it has no updateTime"))?;
                return Ok(Some(Document { body, version: Version(version) }));
            }
        }
        Err(unavailable(STORE, "its answer does not say whether a document exists"))
    }

    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Committed {
            write_results: Vec<Written>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            update_time: String,
        }
        let precondition =
            expected.map_or_else(|| json!({ "exists": false }), |version| json!({ "updateTime": version.0 }));
        let update =
            json!({ "name": self.name_of(place), "fields": { "body": { "bytesValue": STANDARD.encode(body) } } });
        let write = json!({ "writes": [{ "update": update, "currentDocument": precondition }] });
        match self.call::<Committed>("commit", &write).await? {
            Ok(Committed { write_results }) => match write_results.into_iter().next() {
                Some(written) => Ok(Put::Written(Version(written.update_time))),
                None => Err(unavailable(STORE, "its answer does not have the result of a write")),
            },
            // It exists already; it has another version; it was deleted; another write was under way.
            Err(fault)
                if ["ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND", "ABORTED"]
                    .contains(&fault.status.as_str()) =>
            {
                Ok(Put::Conflict)
            }
            Err(fault) => Err(self.fault(&fault)),
        }
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        #[derive(Deserialize)]
        struct Entry {
            document: Option<Stored>,
        }
        let collection = DocumentKey::User(0).collection();
        let name = |id: Id| format!("{}/{collection}/{}", self.root, user_document_name(id));
        let by_name = json!({ "fieldPath": "__name__" });
        let mut query = json!({
            "from": [{ "collectionId": collection }],
            "select": { "fields": [by_name] },
            "orderBy": [{ "field": by_name, "direction": "ASCENDING" }],
            "limit": most,
        });
        if let (Some(id), Some(fields)) = (after, query.as_object_mut()) {
            fields.insert("startAt".to_owned(), json!({ "values": [{ "referenceValue": name(id) }], "before": false }));
        }
        let answer: Vec<Entry> =
            self.call("runQuery", &json!({ "structuredQuery": query })).await?.map_err(|fault| self.fault(&fault))?;
        let names = answer.into_iter().filter_map(|entry| entry.document).map(|document| document.name);
        let id = |name: String| name.rsplit('/').next().and_then(|label| label.parse().ok());
        names
            .map(|name| {
                id(name).ok_or_else(|| unavailable(STORE, "the name of a document among the users is not an id"))
            })
            .collect()
    }
}
