//! The program as a child process, with the services of others on loopback.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use test_stack::leash;

use crate::fakes::google_tokens::GoogleTokens;
use crate::services::people::{self, ANDROID, BUNDLE, IOS, current, published, signed};
use crate::services::{Fake, Reply, Seen};

/// Signs the tokens.
pub(super) const KEY: &str = "the key of the contract suite, long enough";
/// Generous, as machines of CI are.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Another bundle that may sign in with Apple.
pub(super) const WEB: &str = "com.safezone.onestep.web";
/// Mail to addresses that begin so is refused by the one who carries it.
pub(super) const NO_MAIL: &str = "no-mail-";

/// The program as a server that listens; it ends with this value.
pub(crate) struct Program {
    child: Mutex<Child>,
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = leash::spawn(command).expect("start the program");
        let log = Arc::<Mutex<Vec<String>>>::default();
        let told = follow(child.stderr.take().expect("its standard error"), log.clone());
        let address = tokio::task::spawn_blocking(move || told.recv_timeout(START_LIMIT)).await.expect("a thread");
        let Ok(address) = address else { panic!("it does not listen: {:?}", log.lock().expect("the log")) };
        Self { child: Mutex::new(child), address, log }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the log").join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The program, answering, with the services of others.
pub(super) struct Process {
    program: Program,
    http: Client,
    /// Google's and Apple's keys.
    _keys: Fake,
    pub(super) model: Fake,
    pub(super) mail: Fake,
    pub(super) pushes: Fake,
    _tokens: GoogleTokens,
}

impl Process {
    /// Starts it on a store, with more variables of the environment.
    pub(super) async fn start(store: &str, environment: &[(String, String)]) -> Self {
        let keys = Fake::start(Reply::Kept("max-age=3600", published(&[current()]))).await;
        let model = answering(model).await;
        let mail = answering(mail).await;
        let pushes = Fake::start(Reply::Json(200, json!({"name": "projects/one-step/messages/1"}))).await;
        let tokens = GoogleTokens::start().await;
        let mut command = leash::command(env!("CARGO_BIN_EXE_onestep-api").as_ref());
        command
            .env_clear()
            .envs(["PATH", "LLVM_PROFILE_FILE"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs([
            ("PORT", "0"),
            ("NO_PROXY", "*"),
            ("ONESTEP_STORE", store),
            ("ONESTEP_SECRET_KEY", KEY),
            ("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", ANDROID),
            ("ONESTEP_GOOGLE_IOS_CLIENT_IDS", IOS),
            ("ONESTEP_APPLE_AUDIENCES", &format!("{BUNDLE},{WEB}")),
            ("ONESTEP_OPENAI_API_KEY", "the-key-of-the-model"),
            ("ONESTEP_RESEND_API_KEY", "the-key-of-the-mail"),
            ("ONESTEP_FIREBASE", tokens.account().reveal()),
            ("ONESTEP_GOOGLE_JWKS_URL", &keys.url),
            ("ONESTEP_APPLE_JWKS_URL", &keys.url),
            ("ONESTEP_OPENAI_BASE_URL", &format!("{}/v1", model.url)),
            ("ONESTEP_RESEND_BASE_URL", &mail.url),
            ("ONESTEP_FCM_BASE_URL", &pushes.url),
        ]);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let program = Program::start(command).await;
        // Loopback only: a proxy of the developer's environment has no say.
        let http = Client::builder().no_proxy().build().expect("an HTTP client");
        Self { program, http, _keys: keys, model, mail, pushes, _tokens: tokens }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.program.address())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.program.address()
    }

    /// What it has said so far.
    pub(super) fn log(&self) -> String {
        self.program.log()
    }

    /// Signs in as the unchanged client does, without a `type`: id, access token, refresh token.
    pub(super) async fn sign_in(&self, email: &str) -> (i64, String, String) {
        let body = json!({"token": signed(current(), &people::google(email))});
        let answer =
            self.http.post(format!("{}/auth/login/google/", self.base())).json(&body).send().await.expect("an answer");
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        let token = |name: &str| {
            answer[name].as_str().unwrap_or_else(|| panic!("{email} is not signed in: {status} {answer}")).to_owned()
        };
        let (access, refresh) = (token("access"), token("refresh"));
        let (_, claims) = super::tokens::read(&access);
        (claims["user_id"].as_i64().expect("a number"), access, refresh)
    }
}

/// Keeps what it says, and tells once where it listens.
fn follow(stderr: ChildStderr, log: Arc<Mutex<Vec<String>>>) -> Receiver<SocketAddr> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let port = line
                .split_once("listening")
                .and_then(|(_, rest)| rest.split_once("address="))
                .and_then(|(_, address)| address.trim().rsplit_once(':'));
            if let Some(port) = port.and_then(|(_, port)| port.parse().ok()) {
                let _ = tell.send(SocketAddr::from(([127, 0, 0, 1], port)));
            }
            log.lock().expect("the log").push(line);
        }
    });
    told
}

/// A service that looks at what it is asked.
async fn answering(answers: fn(&Seen) -> Reply) -> Fake {
    let fake = Fake::start(Reply::Cut).await;
    fake.now_answers(answers);
    fake
}

/// Steps for what it is asked, as the task says.
fn model(seen: &Seen) -> Reply {
    let asked = seen.json();
    let task = asked["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
    let completion = |content: String| {
        Reply::Json(200, json!({"choices": [{"message": {"role": "assistant", "content": content}}]}))
    };
    if task.contains("fails") {
        Reply::Json(500, json!({"error": {"message": "a fault of the-key-of-the-model"}}))
    } else if task.contains("rambles") {
        completion("Here are your steps: first, ...".to_owned())
    } else if task.contains("forgets") {
        completion(json!({"id": "x", "steps": []}).to_string())
    } else {
        let children =
            json!([{"content": "창문 닦기", "todo": 1}, {"content": "바닥 닦기", "todo": "2", "est_hours": 1}]);
        completion(json!({"id": 1, "content": "대청소", "date": null, "due_time": null, "category_id": 1, "children": children}).to_string())
    }
}

/// Takes all mail but that to some.
fn mail(seen: &Seen) -> Reply {
    if String::from_utf8_lossy(&seen.body).contains(NO_MAIL) {
        Reply::Json(500, json!({"message": "no"}))
    } else {
        Reply::Json(200, json!({"id": "1"}))
    }
}
