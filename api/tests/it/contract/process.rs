//! The program.

use std::net::SocketAddr;
use std::sync::Arc;

use onestep_api::app::App;
use onestep_api::core::model::{Provider, User};
use onestep_api::core::token::Kind;
use onestep_api::http::Entry;
use onestep_api::settings::environment::Place;
use onestep_api::settings::{Secret, Settings};

use crate::services::app::{Up, settings};

/// Signs the tokens.
pub(super) const KEY: &str = "the key of the contract suite, long enough";

pub(super) struct Process {
    address: SocketAddr,
    app: Arc<App>,
}

impl Process {
    pub(super) async fn start(store: &str, _environment: &[(String, String)]) -> Self {
        let opened = onestep_api::store::open(store, None).await.expect("a store");
        opened.prepare().await.expect("a store");
        let settings = Settings { store: store.to_owned(), secret_key: Secret::new(KEY), ..settings() };
        let app = Arc::new(App::new(settings, opened, Place::Server));
        let entry: Entry = Arc::new(Up(app.clone()));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, onestep_api::http::router::router(entry)).await });
        Self { address, app }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn sign_in(&self, email: &str) -> (i64, String, String) {
        let now = chrono::Utc::now();
        let user = User {
            id: 0,
            username: email.to_owned(),
            provider: Provider::Google,
            apple_sub: None,
            is_subscribed: false,
            is_premium: false,
            created_at: now,
            deleted_at: None,
            recommended_at: None,
            reminded: None,
            patch_note: None,
            devices: Vec::new(),
            profile: None,
        };
        let id = self.app.store.create(user).await.expect("an account").id;
        let sign = |kind| self.app.sign(kind, id, None).expect("random numbers");
        (id, sign(Kind::Access), sign(Kind::Refresh))
    }
}
