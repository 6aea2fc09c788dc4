//! Starts the application when the first request needs it: settings and secret first, then the store.
//!
//! A process whose application cannot start keeps running and answers every request with the reason. A function that
//! ends during its start could not say why.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::ConfigLoader;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::task::JoinError;
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;
use crate::http::AppProvider;
use crate::http::state::Dependency;
use crate::jobs::{JobOutcome, JobRequest, JobRunner};
use crate::settings::environment::{Environment, SECRET_NAME};
use crate::settings::{Settings, read, secret};
use crate::store::Store;

/// The time limit of a start, within which the first request is answered.
const BUDGET: Duration = Duration::from_millis(3_700);
/// How long a failure is answered again before the next attempt.
const PAUSE: Duration = Duration::from_secs(2);
/// The time limit of a check of the store.
const LOOK: Duration = Duration::from_secs(2);

/// Opens the store that the settings name.
pub type OpenStore = Arc<dyn Fn(&Settings) -> BoxFuture<'static, Result<Arc<dyn Store>, String>> + Send + Sync>;
/// Makes the configuration of the AWS SDK. Sends no request yet.
pub type AwsLoader = Arc<dyn Fn() -> ConfigLoader + Send + Sync>;

/// Starts the application and remembers it.
pub struct AppStarter {
    parts: Arc<Parts>,
    up: Arc<OnceLock<Arc<App>>>,
    state: Mutex<State>,
}

struct Parts {
    environment: Environment,
    aws: AwsLoader,
    open: OpenStore,
    /// Read once, so that the secret is not fetched again while the store cannot be opened.
    settings: OnceLock<Settings>,
}

type Attempt = Shared<BoxFuture<'static, Result<Arc<App>, StartError>>>;

enum State {
    Idle,
    /// All requests wait for this attempt.
    Trying(Attempt),
    Failed(Instant, StartError),
}

#[derive(Debug, Clone)]
struct StartError {
    step: StartStep,
    sentence: String,
}

/// The step of the start that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartStep {
    /// Settings are missing or wrong; trying again does not help.
    Settings,
    /// The secret could not be fetched.
    Secret,
    /// The store could not be opened.
    Store,
}

impl AppStarter {
    /// For this environment. Reads nothing and sends no request yet.
    pub fn new(environment: Environment, open: OpenStore) -> Self {
        Self::with_aws(environment, open, Arc::new(secret::default_loader))
    }

    /// The same, with another configuration of AWS.
    pub fn with_aws(environment: Environment, open: OpenStore, aws: AwsLoader) -> Self {
        let parts = Parts { environment, aws, open, settings: OnceLock::new() };
        Self { parts: Arc::new(parts), up: Arc::default(), state: Mutex::new(State::Idle) }
    }

    /// Starts the application, before a server listens. None: it has started. A sentence: something cannot be reached
    /// now, and requests will try again.
    ///
    /// # Errors
    /// What is missing or wrong in the settings. A server must not start with it.
    pub async fn begin(&self) -> Result<Option<String>, String> {
        match self.bring_up().await {
            Ok(_) => Ok(None),
            Err(failure) if failure.step == StartStep::Settings => Err(failure.sentence),
            Err(failure) => Ok(Some(failure.sentence)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each statement leaves the state consistent, so a panic elsewhere does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn bring_up(&self) -> Result<Arc<App>, StartError> {
        if let Some(app) = self.up.get() {
            return Ok(app.clone());
        }
        let attempt = {
            let mut state = self.state();
            match &*state {
                State::Failed(at, failure) if at.elapsed() < PAUSE => return Err(failure.clone()),
                State::Trying(attempt) => attempt.clone(),
                State::Idle | State::Failed(..) => {
                    let attempt = begin(self.parts.clone(), self.up.clone());
                    *state = State::Trying(attempt.clone());
                    attempt
                }
            }
        };
        let outcome = attempt.clone().await;
        if let Err(failure) = &outcome {
            let mut state = self.state();
            // The first task that gets the result stores it.
            if matches!(&*state, State::Trying(current) if current.ptr_eq(&attempt)) {
                *state = State::Failed(Instant::now(), failure.clone());
            }
        }
        outcome
    }
}

/// Starts the attempt in a task of its own, which goes on for the other requests when the first client closes its
/// connection.
fn begin(parts: Arc<Parts>, up: Arc<OnceLock<Arc<App>>>) -> Attempt {
    let task = tokio::spawn(async move {
        let began = Instant::now();
        let outcome = parts.bring_up(began + BUDGET).await;
        let millis = millis(began);
        match &outcome {
            Ok(app) => {
                tracing::info!(millis, store = app.store.name(), "up");
                return Ok(up.get_or_init(|| app.clone()).clone());
            }
            Err(failure) => tracing::error!(millis, reason = failure.sentence, "the application cannot start"),
        }
        outcome
    });
    let broke_off = |error: JoinError| {
        tracing::error!(%error, "the start broke off");
        Err(StartError { step: StartStep::Store, sentence: "The start broke off.".to_owned() })
    };
    task.map(move |ended| ended.unwrap_or_else(broke_off)).boxed().shared()
}

impl Parts {
    async fn bring_up(&self, deadline: Instant) -> Result<Arc<App>, StartError> {
        let settings = self.settings().await?;
        let failure = |sentence| StartError { step: StartStep::Store, sentence };
        let store = timeout_at(deadline, (self.open)(&settings)).await;
        let store =
            store.map_err(|_| failure("The store could not be opened in time.".to_owned()))?.map_err(failure)?;
        let app = App::new(settings, store, self.environment.run_mode())
            .map_err(|sentence| StartError { step: StartStep::Settings, sentence })?;
        Ok(Arc::new(app))
    }

    async fn settings(&self) -> Result<Settings, StartError> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings.clone());
        }
        let fields = match self.environment.get(SECRET_NAME) {
            Some(name) => {
                let fetched = secret::fetch((self.aws)(), name, &self.environment).await;
                Some(fetched.map_err(|sentence| StartError { step: StartStep::Secret, sentence })?)
            }
            None => None,
        };
        let reading = read::read(&self.environment, fields.as_ref())
            .map_err(|problems| StartError { step: StartStep::Settings, sentence: problems.to_string() })?;
        for note in reading.notes {
            tracing::warn!(note, "settings");
        }
        Ok(self.settings.get_or_init(|| reading.settings).clone())
    }
}

#[async_trait]
impl AppProvider for AppStarter {
    async fn app(&self) -> Result<Arc<App>, String> {
        self.bring_up().await.map_err(|failure| failure.sentence)
    }

    fn app_if_ready(&self) -> Option<Arc<App>> {
        self.up.get().cloned()
    }

    async fn dependencies(&self) -> Vec<Dependency> {
        let began = Instant::now();
        let (settings, app) = match self.bring_up().await {
            Ok(app) => (Ok(()), Ok(app)),
            Err(failure) if failure.step == StartStep::Store => (Ok(()), Err(failure.sentence)),
            Err(failure) => (Err(failure.sentence), Err("Not checked: the settings are missing.".to_owned())),
        };
        let settings = Dependency::new("secrets", settings, millis(began));
        let began = Instant::now();
        let store = match app {
            Err(sentence) => Err(sentence),
            Ok(app) => match timeout(LOOK, app.store.ready()).await {
                Ok(looked) => looked.map_err(|error| error.to_string()),
                Err(_) => Err(format!("{}: no answer within {} s", app.store.name(), LOOK.as_secs())),
            },
        };
        vec![settings, Dependency::new("store", store, millis(began))]
    }
}

#[async_trait]
impl JobRunner for AppStarter {
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String> {
        let app = self.app().await?;
        app.job_context().run(order, until).await
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
