//! Google Drive, as far as the store uses it: version 3
//! (<https://developers.google.com/workspace/drive/api/reference/rest/v3>), and version 2
//! (<https://developers.google.com/workspace/drive/api/reference/rest/v2>) for etags.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::google_tokens::GoogleTokens;
use super::{Faults, serve};

type Parameters = Query<HashMap<String, String>>;

struct File {
    name: String,
    created: String,
    etag: String,
    content: Bytes,
}

#[derive(Default)]
struct Disk {
    /// By owner and id.
    files: BTreeMap<(String, String), File>,
    /// Owner of each id that was handed out, and whether it is used up.
    ids: HashMap<String, (String, bool)>,
    changes: u64,
}

/// The app folders of all users.
#[derive(Clone)]
pub(crate) struct Drive {
    pub(crate) faults: Faults,
    pub(crate) tokens: GoogleTokens,
    disk: Arc<Mutex<Disk>>,
}

/// Status, reason and message.
struct Refusal(u16, &'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(code, reason, message) = self;
        let error = json!({ "error": { "errors": [{ "domain": "global", "reason": reason, "message": message }], "code": code, "message": message } });
        (StatusCode::from_u16(code).unwrap(), Json(error)).into_response()
    }
}

fn refusal(code: u16, reason: &'static str, message: &str) -> Refusal {
    Refusal(code, reason, message.to_owned())
}

fn not_found(id: &str) -> Refusal {
    refusal(404, "notFound", &format!("File not found: {id}."))
}

impl Drive {
    /// With its address.
    pub(crate) async fn start() -> (Self, String) {
        let service = Self { faults: Faults::default(), tokens: GoogleTokens::start().await, disk: Arc::default() };
        let routes = Router::new()
            .route("/drive/v3/files/generateIds", get(generate_ids))
            .route("/drive/v3/files", get(list))
            .route("/drive/v3/files/{id}", get(read).delete(remove))
            .route("/drive/v2/files/{id}", get(etag))
            .route("/upload/drive/v3/files", post(create))
            .route("/upload/drive/v2/files/{id}", put(replace))
            .with_state(service.clone());
        let address = serve(routes, service.faults.clone()).await;
        (service, address)
    }

    /// The names of the files in a user's folder.
    pub(crate) fn names(&self, owner: &str) -> Vec<String> {
        let disk = self.disk.lock().unwrap();
        disk.files.iter().filter(|((who, _), _)| who == owner).map(|(_, file)| file.name.clone()).collect()
    }

    /// A user deletes the app's data in their Drive.
    pub(crate) fn clear(&self, owner: &str) {
        self.disk.lock().unwrap().files.retain(|(who, _), _| who != owner);
    }

    /// Who asks.
    fn enter(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let good = self.tokens.check(headers).ok_or_else(|| refusal(401, "authError", "Invalid Credentials"))?;
        match good.scope.as_str() {
            "https://www.googleapis.com/auth/drive.appdata" => Ok(good.who),
            _ => Err(refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")),
        }
    }
}

impl Disk {
    fn change(&mut self) -> String {
        self.changes += 1;
        format!("\"MTc2Mzg{}\"", self.changes)
    }
}

async fn generate_ids(
    State(service): State<Drive>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!(query["space"], "appDataFolder");
    let mut disk = service.disk.lock().unwrap();
    let first = disk.ids.len();
    let ids: Vec<String> =
        (first..first + query["count"].parse::<usize>().unwrap()).map(|number| format!("1-id_{number:04}")).collect();
    for id in &ids {
        disk.ids.insert(id.clone(), (who.clone(), false));
    }
    Ok(Json(json!({ "kind": "drive#generatedIds", "space": "appDataFolder", "ids": ids })).into_response())
}

async fn list(State(service): State<Drive>, Query(query): Parameters, headers: HeaderMap) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!((query["spaces"].as_str(), query["fields"].as_str()), ("appDataFolder", "files(id,createdTime)"));
    let name = query["q"].strip_prefix("name = '").unwrap().strip_suffix("' and trashed = false").unwrap().to_owned();
    let disk = service.disk.lock().unwrap();
    let files = disk.files.iter().filter(|((owner, _), file)| *owner == who && file.name == name);
    let files: Vec<Value> = files.map(|((_, id), file)| json!({ "id": id, "createdTime": file.created })).collect();
    Ok(Json(json!({ "files": files })).into_response())
}

async fn create(
    State(service): State<Drive>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!(query["uploadType"], "multipart");
    let boundary =
        headers["content-type"].to_str().unwrap().strip_prefix("multipart/related; boundary=").unwrap().to_owned();
    let head = format!("--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n");
    let middle = format!("\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n");
    let tail = format!("\r\n--{boundary}--\r\n");
    let rest = body.strip_prefix(head.as_bytes()).unwrap();
    let at = rest.windows(middle.len()).position(|window| window == middle.as_bytes()).unwrap();
    let meta: Value = serde_json::from_slice(&rest[..at]).unwrap();
    let content = rest[at + middle.len()..].strip_suffix(tail.as_bytes()).unwrap();
    assert_eq!(meta["parents"], json!(["appDataFolder"]));
    assert!(content.len() <= 5_242_880);

    let id = meta["id"].as_str().unwrap().to_owned();
    let mut disk = service.disk.lock().unwrap();
    match disk.ids.get_mut(&id) {
        Some((owner, used)) if *owner == who => {
            if std::mem::replace(used, true) {
                return Err(refusal(409, "fileIdInUse", "A file already exists with the provided ID."));
            }
        }
        _ => return Err(refusal(400, "invalid", "The provided file ID is not usable.")),
    }
    let etag = disk.change();
    let created = format!("2026-11-23T08:00:00.{:03}Z", disk.changes);
    let name = meta["name"].as_str().unwrap().to_owned();
    disk.files.insert((who, id.clone()), File { name, created, etag, content: Bytes::copy_from_slice(content) });
    Ok(Json(json!({ "id": id })).into_response())
}

async fn etag(
    State(service): State<Drive>,
    Path(id): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!(query["fields"], "etag");
    let disk = service.disk.lock().unwrap();
    let file = disk.files.get(&(who, id.clone())).ok_or_else(|| not_found(&id))?;
    Ok(Json(json!({ "etag": file.etag })).into_response())
}

async fn read(
    State(service): State<Drive>,
    Path(id): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!(query["alt"], "media");
    let disk = service.disk.lock().unwrap();
    disk.files.get(&(who, id.clone())).map(|file| file.content.clone().into_response()).ok_or_else(|| not_found(&id))
}

async fn replace(
    State(service): State<Drive>,
    Path(id): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    assert_eq!((query["uploadType"].as_str(), query["fields"].as_str()), ("media", "etag"));
    let mut disk = service.disk.lock().unwrap();
    let change = disk.change();
    let file = disk.files.get_mut(&(who, id.clone())).ok_or_else(|| not_found(&id))?;
    // Without the header the last writer wins, as in Drive.
    if headers.get("if-match").is_some_and(|wanted| wanted.to_str().unwrap() != file.etag) {
        return Err(refusal(412, "conditionNotMet", "Precondition Failed"));
    }
    file.etag = change;
    file.content = body;
    Ok(Json(json!({ "etag": file.etag })).into_response())
}

async fn remove(State(service): State<Drive>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let who = service.enter(&headers)?;
    service.disk.lock().unwrap().files.remove(&(who, id.clone())).ok_or_else(|| not_found(&id))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
