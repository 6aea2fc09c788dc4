//! The application on a store of its own.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use onestep_api::app::App;
use onestep_api::http::{AppProvider, SharedProvider, state::Dependency};
use onestep_api::settings::environment::RunMode;
use onestep_api::settings::{Secret, ServiceUrls, Settings};
use onestep_api::store::sqlite::Sqlite;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::people::{ANDROID, BUNDLE, IOS};

/// It is up already.
pub(crate) struct Up(pub(crate) Arc<App>);

#[async_trait]
impl AppProvider for Up {
    async fn app(&self) -> Result<Arc<App>, String> {
        Ok(self.0.clone())
    }

    fn app_if_ready(&self) -> Option<Arc<App>> {
        Some(self.0.clone())
    }

    async fn dependencies(&self) -> Vec<Dependency> {
        Vec::new()
    }
}

/// Everything that must be given, and nothing else.
pub(crate) fn settings() -> Settings {
    Settings {
        store: Secret::new(""),
        secret_key: Secret::new("a key of the tests, long enough"),
        google_android: vec![ANDROID.to_owned()],
        google_ios: vec![IOS.to_owned()],
        apple_audiences: vec![BUNDLE.to_owned(), "com.safezone.onestep.web".to_owned()],
        openai_key: None,
        resend_key: None,
        firebase: None,
        sentry_dsn: None,
        firestore_emulator: None,
        urls: ServiceUrls {
            google_keys: super::nobody(),
            apple_keys: super::nobody(),
            openai: super::nobody(),
            resend: super::nobody(),
            fcm: super::nobody(),
            fcm_tokens: Some(super::nobody()),
        },
    }
}

/// The application, and what it stands on.
pub(crate) struct Rig {
    pub(crate) app: Arc<App>,
    router: Router,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::at(RunMode::Server, settings)
    }

    pub(crate) fn at(mode: RunMode, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("onestep.db")).unwrap();
        let app = Arc::new(App::new(settings, Arc::new(store), mode).unwrap());
        let entry: SharedProvider = Arc::new(Up(app.clone()));
        Self { app, router: onestep_api::http::router::router(entry), _folder: folder }
    }

    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
        answered(&self.router, request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Signed in with Google on a device.
    pub(crate) async fn signed_in(&self, email: &str, device: Option<&str>) -> String {
        let token = super::people::signed(super::people::current(), &super::people::google(email));
        let (status, body) = self.post("/auth/login/google/", json!({"token": token, "deviceToken": device})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["access"].as_str().unwrap().to_owned()
    }

    /// Sends a request with this token.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        answered(&self.router, request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// All that is done after the answers.
    pub(crate) async fn wait_idle(&self) {
        assert!(self.app.background.wait_idle(std::time::Duration::from_secs(30)).await);
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answered(&self.router, Request::get(path).body(Body::empty()).unwrap()).await
    }
}

/// Status and body.
pub(crate) async fn answered(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status}: {:?}", String::from_utf8_lossy(&body))))
}
