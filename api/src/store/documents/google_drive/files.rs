//! Files in app folders, over the API of Google Drive.
//!
//! Drive has no unique names and chooses ids itself, but it gives out ids before the files exist. Of two creates with
//! the same id the second is answered with 409
//! (<https://developers.google.com/workspace/drive/api/guides/create-file#generate-ids>): this is a create that fails
//! when the file exists.
//!
//! Version 3 has no write that fails when the file has changed. Version 2, which works on the same files, has an `etag`
//! for each file (<https://developers.google.com/workspace/drive/api/reference/rest/v2/files>) and answers 412 to an
//! upload with another `If-Match`. The reference does not say this, but Chromium's file manager relies on it
//! (<https://chromium.googlesource.com/chromium/src/+/HEAD/google_apis/drive/>), and it held on the live service in
//! July 2026 (<https://github.com/openclaw/gogcli/pull/929>). So etags and conditional uploads use version 2,
//! everything else version 3.

use bytes::Bytes;
use chrono::Utc;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::super::backend::{Document, Put, Version};
use super::super::retry::{RETRIES, pause};
use super::super::wire::{self, Reply, unavailable};
use crate::google_account::AccessTokens;
use crate::store::StoreError;

pub(super) const STORE: &str = "Google Drive";
/// The largest simple upload (<https://developers.google.com/workspace/drive/api/guides/manage-uploads>).
pub(super) const MAX_BYTES: usize = 5_000_000;
/// Access to the app's own folder only.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/drive.appdata";

/// The app folders of the service account (None) and of the users for whom it acts.
#[derive(Clone)]
pub(super) struct Files {
    http: reqwest::Client,
    base: Url,
    tokens: AccessTokens,
}

#[derive(Deserialize)]
struct Tagged {
    etag: String,
}

/// One of the files with a name.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    /// RFC 3339, UTC, always with the same length.
    created_time: String,
    /// Unique.
    pub id: String,
}

/// The error form of Drive (<https://developers.google.com/workspace/drive/api/guides/handle-errors>).
#[derive(Deserialize)]
struct ErrorResponse {
    error: ErrorDetails,
}

#[derive(Deserialize)]
struct ErrorDetails {
    #[serde(default)]
    errors: Vec<ServiceError>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct ServiceError {
    #[serde(default)]
    reason: String,
}

impl Files {
    pub(super) fn new(http: reqwest::Client, base: Url, tokens: AccessTokens) -> Self {
        Self { http, base, tokens }
    }

    fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// Sends a request: at most three times while Drive is throttling, and once more when it refuses the token. Returns
    /// successes, 404, 409 and 412.
    async fn call(
        &self,
        who: Option<&str>,
        build: impl Fn(&reqwest::Client) -> RequestBuilder + Sync,
    ) -> Result<Reply, StoreError> {
        let mut throttled = 0;
        let mut refused = false;
        loop {
            let token = self.tokens.token(SCOPE, who, Utc::now()).await.map_err(|reason| unavailable(STORE, reason))?;
            let reply = wire::send(STORE, build(&self.http).bearer_auth(token.reveal())).await?;
            let (reason, message) = match serde_json::from_slice::<ErrorResponse>(&reply.body) {
                Ok(ErrorResponse { error }) if !reply.status.is_success() => (
                    error.errors.into_iter().next().map(|fault| fault.reason).unwrap_or_default(),
                    wire::line(&error.message),
                ),
                _ => (String::new(), String::new()),
            };
            let said = format!("{} {reason}: {message}", reply.status.as_u16());
            match reply.status {
                status if status.is_success() => return Ok(reply),
                StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => return Ok(reply),
                StatusCode::UNAUTHORIZED if !refused => {
                    refused = true;
                    self.tokens.forget(&token);
                }
                status
                    if status == StatusCode::TOO_MANY_REQUESTS
                        || reason.to_lowercase().ends_with("ratelimitexceeded") =>
                {
                    if throttled >= RETRIES {
                        return Err(StoreError::Throttled { store: STORE, reason: said });
                    }
                    throttled += 1;
                    pause(throttled + 2).await;
                }
                StatusCode::FORBIDDEN if reason == "storageQuotaExceeded" => {
                    let whose =
                        who.unwrap_or("the service account, which may have no storage at all: name a user whose folder keeps the index, google-drive:ADDRESS");
                    return Err(StoreError::Full {
                        store: STORE,
                        reason: format!("no storage is left for {whose} ({said})"),
                    });
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    let account = &self.tokens.account().client_email;
                    let what = "enable the Drive API in its project, and have the administrator of the Workspace allow it domain-wide delegation";
                    return Err(unavailable(
                        STORE,
                        format!("it refuses {account} ({said}); {what} with the scope {SCOPE}"),
                    ));
                }
                _ => return Err(unavailable(STORE, said)),
            }
        }
    }

    /// New ids for files of this folder.
    pub(super) async fn new_ids(&self, who: Option<&str>, count: u32) -> Result<Vec<String>, StoreError> {
        #[derive(Deserialize)]
        struct New {
            ids: Vec<String>,
        }
        let address = self.address(
            &["drive", "v3", "files", "generateIds"],
            &[("count", &count.to_string()), ("space", "appDataFolder")],
        );
        let reply = self.call(who, |http| http.get(address.clone())).await?;
        Ok(reply.json::<New>(STORE)?.ids)
    }

    /// Creates a file with an id of [`Files::new_ids`].
    pub(super) async fn create(&self, who: Option<&str>, id: &str, name: &str, body: &[u8]) -> Result<Put, StoreError> {
        let boundary = format!("{:016x}{:016x}", wire::random(STORE)?, wire::random(STORE)?);
        let meta =
            json!({ "id": id, "name": name, "parents": ["appDataFolder"], "mimeType": "application/octet-stream" });
        let mut whole =
            format!("--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{meta}\r\n--{boundary}\r\n")
                .into_bytes();
        whole.extend_from_slice(b"Content-Type: application/octet-stream\r\n\r\n");
        whole.extend_from_slice(body);
        whole.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let whole = Bytes::from(whole);
        let address =
            self.address(&["upload", "drive", "v3", "files"], &[("uploadType", "multipart"), ("fields", "id")]);
        let kind = format!("multipart/related; boundary={boundary}");
        let reply =
            self.call(who, |http| http.post(address.clone()).header("content-type", &kind).body(whole.clone())).await?;
        if reply.status == StatusCode::CONFLICT {
            return Ok(Put::Conflict);
        }
        found(&reply)?;
        match self.etag(who, id).await? {
            Some(version) => Ok(Put::Written(version)),
            None => Err(unavailable(STORE, "a file was missing right after it was created")),
        }
    }

    /// The version of a file.
    pub(super) async fn etag(&self, who: Option<&str>, id: &str) -> Result<Option<Version>, StoreError> {
        let address = self.address(&["drive", "v2", "files", id], &[("fields", "etag")]);
        let reply = self.call(who, |http| http.get(address.clone())).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        found(&reply)?;
        Ok(Some(Version(reply.json::<Tagged>(STORE)?.etag)))
    }

    /// The content of a file.
    pub(super) async fn read(&self, who: Option<&str>, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let address = self.address(&["drive", "v3", "files", id], &[("alt", "media")]);
        let reply = self.call(who, |http| http.get(address.clone())).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        found(&reply)?;
        Ok(Some(reply.body))
    }

    /// The content and the version. The version is read first: if the file changes in between, the version is too old
    /// for any write.
    pub(super) async fn get(&self, who: Option<&str>, id: &str) -> Result<Option<Document>, StoreError> {
        let Some(version) = self.etag(who, id).await? else { return Ok(None) };
        Ok(self.read(who, id).await?.map(|body| Document { body, version }))
    }

    /// Replaces the content, if the file has the expected version.
    pub(super) async fn replace(
        &self,
        who: Option<&str>,
        id: &str,
        body: &[u8],
        expected: &Version,
    ) -> Result<Put, StoreError> {
        let address =
            self.address(&["upload", "drive", "v2", "files", id], &[("uploadType", "media"), ("fields", "etag")]);
        let body = Bytes::copy_from_slice(body);
        let build = |http: &reqwest::Client| {
            let request = http.request(Method::PUT, address.clone()).header("content-type", "application/octet-stream");
            request.header("if-match", &expected.0).body(body.clone())
        };
        let reply = self.call(who, build).await?;
        // Changed, or deleted.
        if reply.status == StatusCode::PRECONDITION_FAILED || reply.status == StatusCode::NOT_FOUND {
            return Ok(Put::Conflict);
        }
        found(&reply)?;
        Ok(Put::Written(Version(reply.json::<Tagged>(STORE)?.etag)))
    }

    /// The files with a name, the oldest first. The name must be letters only.
    pub(super) async fn named(&self, who: Option<&str>, name: &str) -> Result<Vec<Listed>, StoreError> {
        #[derive(Deserialize)]
        struct List {
            files: Vec<Listed>,
        }
        let query = format!("name = '{name}' and trashed = false");
        let query =
            [("spaces", "appDataFolder"), ("q", &query), ("fields", "files(id,createdTime)"), ("pageSize", "100")];
        let address = self.address(&["drive", "v3", "files"], &query);
        let reply = self.call(who, |http| http.get(address.clone())).await?;
        found(&reply)?;
        let mut files = reply.json::<List>(STORE)?.files;
        files.sort_unstable();
        Ok(files)
    }

    /// Deletes a file that is not in use.
    pub(super) async fn remove(&self, who: Option<&str>, id: &str) -> Result<(), StoreError> {
        let address = self.address(&["drive", "v3", "files", id], &[]);
        self.call(who, |http| http.delete(address.clone())).await.map(|_| ())
    }
}

/// For requests that must succeed.
fn found(reply: &Reply) -> Result<(), StoreError> {
    if reply.status.is_success() {
        Ok(())
    } else {
        Err(unavailable(STORE, format!("it answered {} to a request that must succeed", reply.status)))
    }
}
