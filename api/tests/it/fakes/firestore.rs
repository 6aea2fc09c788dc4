//! Cloud Firestore's REST API, as far as the store uses it
//! (<https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents>).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::google_tokens::{ACCOUNT, Good, GoogleTokens};
use super::{Faults, serve};

const ROOT: &str = "projects/one-step/databases/(default)/documents";

/// Fields and time of the last change, by name.
#[derive(Default)]
struct Database {
    documents: BTreeMap<String, (Value, String)>,
    changes: u64,
}

/// One database of one project.
#[derive(Clone)]
pub(crate) struct Firestore {
    pub(crate) faults: Faults,
    pub(crate) tokens: GoogleTokens,
    /// Accepts the token `owner`, and no other.
    emulator: bool,
    database: Arc<Mutex<Database>>,
}

/// Status of HTTP and of Google, and a message.
type Refusal = (u16, &'static str, String);

impl Firestore {
    /// With its address.
    pub(crate) async fn start(emulator: bool) -> (Self, String) {
        let tokens = GoogleTokens::start().await;
        let service = Self { faults: Faults::default(), tokens, emulator, database: Arc::default() };
        let routes = Router::new()
            .route("/v1/projects/{project}/databases/{database}/{method}", post(answer))
            .with_state(service.clone());
        let address = serve(routes, service.faults.clone()).await;
        (service, address)
    }

    /// Names of all documents, from the drawer on.
    pub(crate) fn names(&self) -> Vec<String> {
        self.database.lock().unwrap().documents.keys().map(|name| name[ROOT.len() + 1..].to_owned()).collect()
    }

    /// The bytes of a document in place of those that are there.
    pub(crate) fn spoil(&self, name: &str, bytes: &[u8]) {
        let mut database = self.database.lock().unwrap();
        database.documents.get_mut(&format!("{ROOT}/{name}")).unwrap().0 =
            json!({ "body": { "bytesValue": STANDARD.encode(bytes) } });
    }

    fn enter(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.emulator {
            assert_eq!(headers["authorization"], "Bearer owner");
            return Ok(());
        }
        let good = self.tokens.check(headers).ok_or((
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.".to_owned(),
        ))?;
        let wanted = Good { scope: "https://www.googleapis.com/auth/datastore".to_owned(), who: ACCOUNT.to_owned() };
        if good == wanted {
            Ok(())
        } else {
            Err((403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.".to_owned()))
        }
    }

    fn batch_get(&self, body: &Value) -> Result<Value, Refusal> {
        let database = self.database.lock().unwrap();
        let entry = |name: &str| match database.documents.get(name) {
            Some((fields, time)) => {
                json!({ "found": { "name": name, "fields": fields, "createTime": time, "updateTime": time }, "readTime": "2026-11-23T09:00:00.000000Z" })
            }
            None => json!({ "missing": name, "readTime": "2026-11-23T09:00:00.000000Z" }),
        };
        Ok(body["documents"].as_array().unwrap().iter().map(|name| entry(name.as_str().unwrap())).collect())
    }

    fn commit(&self, body: &Value) -> Result<Value, Refusal> {
        let writes = body["writes"].as_array().unwrap();
        assert_eq!(writes.len(), 1);
        let name = writes[0]["update"]["name"].as_str().unwrap().to_owned();
        assert_eq!(name.strip_prefix(ROOT).unwrap().split('/').count(), 3, "{name}");
        let fields = writes[0]["update"]["fields"].clone();
        let length = STANDARD.decode(fields["body"]["bytesValue"].as_str().unwrap()).unwrap().len();
        if length > 1_048_487 {
            return Err((
                400,
                "INVALID_ARGUMENT",
                format!("The value of property \"body\" is longer than 1048487 bytes ({length})."),
            ));
        }
        let mut database = self.database.lock().unwrap();
        let stored = database.documents.get(&name);
        match &writes[0]["currentDocument"] {
            Value::Null => {}
            precondition if precondition["exists"] == json!(false) => {
                if stored.is_some() {
                    return Err((409, "ALREADY_EXISTS", format!("Document already exists: {name}")));
                }
            }
            precondition => {
                let wanted = precondition["updateTime"].as_str().unwrap();
                let Some((_, time)) = stored else {
                    return Err((404, "NOT_FOUND", format!("No document to update: {name}")));
                };
                if time != wanted {
                    let message =
                        format!("the stored version ({time}) does not match the required base version ({wanted})");
                    return Err((400, "FAILED_PRECONDITION", message));
                }
            }
        }
        // A write that changes nothing keeps the time.
        let time = match stored {
            Some((known, time)) if *known == fields => time.clone(),
            _ => {
                database.changes += 1;
                format!(
                    "2026-11-23T08:{:02}:{:02}.{:06}Z",
                    database.changes / 60 % 60,
                    database.changes % 60,
                    database.changes
                )
            }
        };
        database.documents.insert(name, (fields, time.clone()));
        Ok(json!({ "writeResults": [{ "updateTime": time }], "commitTime": time }))
    }

    fn run_query(&self, body: &Value) -> Result<Value, Refusal> {
        let query = &body["structuredQuery"];
        assert_eq!(query["orderBy"], json!([{ "field": { "fieldPath": "__name__" }, "direction": "ASCENDING" }]));
        assert_eq!(query["select"], json!({ "fields": [{ "fieldPath": "__name__" }] }));
        let drawer = format!("{ROOT}/{}/", query["from"][0]["collectionId"].as_str().unwrap());
        let after = query["startAt"]["values"][0]["referenceValue"].as_str().unwrap_or_default();
        assert!(after.is_empty() || query["startAt"]["before"] == json!(false));
        let limit = query["limit"].as_u64().unwrap() as usize;
        let database = self.database.lock().unwrap();
        let found = database
            .documents
            .iter()
            .filter(|(name, _)| name.starts_with(&drawer) && name.as_str() > after)
            .take(limit);
        let found: Vec<Value> =
            found.map(|(name, (_, time))| json!({ "document": { "name": name, "createTime": time, "updateTime": time }, "readTime": time })).collect();
        Ok(if found.is_empty() { json!([{ "readTime": "2026-11-23T09:00:00.000000Z" }]) } else { found.into() })
    }
}

async fn answer(
    State(service): State<Firestore>,
    Path((project, database, method)): Path<(String, String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let listed = method != "documents:commit";
    let outcome = service.enter(&headers).and_then(|()| match method.as_str() {
        _ if (project.as_str(), database.as_str()) != ("one-step", "(default)") => {
            Err((404, "NOT_FOUND", format!("The database {database} does not exist for project {project}")))
        }
        "documents:batchGet" => service.batch_get(&body),
        "documents:commit" => service.commit(&body),
        "documents:runQuery" => service.run_query(&body),
        other => panic!("no method {other}"),
    });
    match outcome {
        Ok(answer) => Json(answer).into_response(),
        Err((code, status, message)) => {
            let error = json!({ "error": { "code": code, "message": message, "status": status } });
            let error = if listed { json!([error]) } else { error };
            (StatusCode::from_u16(code).unwrap(), Json(error)).into_response()
        }
    }
}
