//! Brings the application up when the first request needs it: settings and secret first, then the store.
//!
//! A process that cannot come up stays there and says why with every answer: a function that dies at its start says nothing at all.

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

/// For all of it, so that the one who asked first is answered.
const BUDGET: Duration = Duration::from_millis(3_700);
/// After a failure, how long the same answer is given before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a look at the store may take.
const LOOK: Duration = Duration::from_secs(2);

/// Opens the store that the settings name.
pub type OpenStore = Arc<dyn Fn(&Settings) -> BoxFuture<'static, Result<Arc<dyn Store>, String>> + Send + Sync>;
/// How AWS is spoken to; asks nothing yet.
pub type AwsLoader = Arc<dyn Fn() -> ConfigLoader + Send + Sync>;

/// The application, on its way.
pub struct AppStarter {
    parts: Arc<Parts>,
    up: Arc<OnceLock<Arc<App>>>,
    state: Mutex<State>,
}

struct Parts {
    environment: Environment,
    aws: AwsLoader,
    open: OpenStore,
    /// Read once: the secret is not asked for again while the store cannot be opened.
    settings: OnceLock<Settings>,
}

type Attempt = Shared<BoxFuture<'static, Result<Arc<App>, StartError>>>;

enum State {
    Idle,
    /// All who ask meanwhile wait for this one.
    Trying(Attempt),
    Failed(Instant, StartError),
}

#[derive(Debug, Clone)]
struct StartError {
    step: StartStep,
    sentence: String,
}

/// What kept it from coming up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartStep {
    /// Something is missing or wrong in them; trying again does not help.
    Settings,
    /// It could not be fetched.
    Secret,
    /// It could not be opened.
    Store,
}

impl AppStarter {
    /// With this environment; nothing is read or asked yet.
    pub fn new(environment: Environment, open: OpenStore) -> Self {
        Self::with_aws(environment, open, Arc::new(secret::default_loader))
    }

    /// The same, with another way to AWS.
    pub fn with_aws(environment: Environment, open: OpenStore, aws: AwsLoader) -> Self {
        let parts = Parts { environment, aws, open, settings: OnceLock::new() };
        Self { parts: Arc::new(parts), up: Arc::default(), state: Mutex::new(State::Idle) }
    }

    /// For a server, before it listens: brings the application up. None: it is up. A sentence: a hop cannot be used now, and every
    /// request will try again.
    ///
    /// # Errors
    /// What is missing or wrong in the settings; the server is not to start with that.
    pub async fn begin(&self) -> Result<Option<String>, String> {
        match self.bring_up().await {
            Ok(_) => Ok(None),
            Err(failure) if failure.step == StartStep::Settings => Err(failure.sentence),
            Err(failure) => Ok(Some(failure.sentence)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is kept is whole after each statement.
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
            // The first to come back notes it; the others find it noted.
            if matches!(&*state, State::Trying(current) if current.ptr_eq(&attempt)) {
                *state = State::Failed(Instant::now(), failure.clone());
            }
        }
        outcome
    }
}

/// In a task of its own: whoever asked may go away, and the attempt goes on for the others.
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
            Err(failure) => tracing::error!(millis, reason = failure.sentence, "cannot come up"),
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
        let store = store.map_err(|_| failure("The store cannot be opened in time.".to_owned()))?.map_err(failure)?;
        let app = App::new(settings, store, self.environment.run_mode()).map_err(|sentence| StartError { step: StartStep::Settings, sentence })?;
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
        let reading =
            read::read(&self.environment, fields.as_ref()).map_err(|problems| StartError { step: StartStep::Settings, sentence: problems.to_string() })?;
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
            Err(failure) => (Err(failure.sentence), Err("Not asked: there are no settings.".to_owned())),
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
