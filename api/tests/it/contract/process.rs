//! The program.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use onestep_api::app::App;
use onestep_api::core::model::{Provider, User};
use onestep_api::core::token::{Kind, Signer};
use onestep_api::http::{Entry, Start};
use onestep_api::settings::{Addresses, Secret, Settings};

/// Signs the tokens.
pub(super) const KEY: &str = "the key of the contract suite, long enough";

struct Up(Arc<App>);

#[async_trait]
impl Start for Up {
    async fn app(&self) -> Result<Arc<App>, String> {
        Ok(self.0.clone())
    }
}

pub(super) struct Process {
    address: SocketAddr,
    app: Arc<App>,
}

impl Process {
    pub(super) async fn start(store: &str, _environment: &[(String, String)]) -> Self {
        let opened = onestep_api::store::open(store, None).await.expect("a store");
        opened.prepare().await.expect("a store");
        let settings = Settings {
            store: store.to_owned(),
            secret_key: Secret::new(KEY),
            google_android: vec![],
            google_ios: vec![],
            apple_audiences: vec![],
            openai_key: None,
            resend_key: None,
            firebase: None,
            sentry_dsn: None,
            addresses: Addresses::default(),
        };
        let app = Arc::new(App { settings, signer: Signer::new(KEY), store: opened, now: chrono::Utc::now });
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
        (id, self.app.sign(Kind::Access, id, None), self.app.sign(Kind::Refresh, id, None))
    }
}
