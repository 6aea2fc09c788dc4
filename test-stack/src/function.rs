//! A program as AWS Lambda runs it: behind the Runtime API, by AWS's own Runtime Interface Emulator.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::{install, leash, server, wait};

/// The wheel that carries the emulator, and where in it.
const WHEEL: &str = "aws-sam-cli==1.170.0";
/// How long an invocation may take; the function's own timeout is 30 s.
const LIMIT: Duration = Duration::from_secs(45);

/// A function that waits for events; it starts with the first one. Dropping it ends the emulator, and the program with
/// it.
pub struct Function {
    emulator: Child,
    port: u16,
    log: PathBuf,
    home: TempDir,
    client: reqwest::Client,
}

impl Function {
    /// A function whose program is `bootstrap`, with these variables beside those that Lambda sets.
    ///
    /// # Panics
    /// When the emulator cannot be installed or started.
    pub async fn new(bootstrap: &Path, variables: &[(&str, &str)]) -> Self {
        let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
        let emulator = install::from_wheel(WHEEL, &format!("samcli/local/rapid/aws-lambda-rie-{architecture}"));
        let home = server::temporary_folder("function");
        let log = home.path().join("log");
        // The emulator binds its ports itself: another process may be quicker, and then it is tried with others.
        for _ in 0..5 {
            let [port, runtime_port] = free_ports();
            let mut command = leash::command(emulator.as_os_str());
            command
                .args([
                    "--runtime-interface-emulator-address",
                    &format!("127.0.0.1:{port}"),
                    "--runtime-api-address",
                    &format!("127.0.0.1:{runtime_port}"),
                ])
                .arg(bootstrap)
                .env_clear()
                .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
                .env("HOME", home.path())
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_LAMBDA_FUNCTION_NAME", "onestep")
                .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "30")
                .envs(variables.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))))
                .current_dir(home.path())
                .stdin(Stdio::null())
                .stdout(File::create(&log).expect("create the log"))
                .stderr(File::options().append(true).open(&log).expect("open the log"));
            let mut emulator = leash::spawn(command).expect("start the emulator");
            let up = wait::until(server::START_LIMIT, || {
                let ended = emulator.try_wait().is_ok_and(|status| status.is_some());
                let listens = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
                (ended || listens).then_some(!ended)
            });
            if up.await == Some(true) {
                return Self {
                    emulator,
                    port,
                    log,
                    home,
                    client: reqwest::Client::builder().timeout(LIMIT).build().expect("a client"),
                };
            }
            let _ = emulator.kill();
            let _ = emulator.wait();
        }
        panic!(
            "the Runtime Interface Emulator does not start:\n{}",
            install::tail(&fs::read_to_string(&log).unwrap_or_default())
        );
    }

    /// Hands over one event and waits for the answer.
    ///
    /// # Panics
    /// When the emulator answers with something that is no JSON, or not at all.
    pub async fn invoke(&self, event: &Value) -> Value {
        let address = format!("http://127.0.0.1:{}/2015-03-31/functions/function/invocations", self.port);
        let answer = self.client.post(address).body(event.to_string()).send().await;
        let answer = match answer {
            Ok(answer) => answer.text().await,
            Err(error) => Err(error),
        };
        let answer = answer.unwrap_or_else(|error| panic!("{event}: {error}\n{}", self.log()));
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{event}: {answer}\n{}", self.log()))
    }

    /// What the emulator and the function have written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The function's own folder, removed with it.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Kills the program, as Lambda does without a word; the emulator goes on.
    ///
    /// # Panics
    /// When there is no program to kill.
    pub async fn kill_program(&self) {
        let children = children(self.emulator.id());
        assert!(!children.is_empty(), "the program does not run");
        for child in &children {
            let killed = Command::new("kill").args(["-KILL", child]).status();
            assert!(killed.is_ok_and(|status| status.success()), "cannot kill {child}");
        }
        let gone = wait::until(LIMIT, || {
            children.iter().all(|child| !Path::new("/proc").join(child).join("exe").exists()).then_some(())
        });
        gone.await.expect("the program ends");
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let programs = children(self.emulator.id());
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
        for program in programs {
            let _ = Command::new("kill").args(["-KILL", &program]).stderr(Stdio::null()).status();
        }
    }
}

/// Two ports of loopback that are free now.
fn free_ports() -> [u16; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a loopback port"));
    bound.map(|listener| listener.local_addr().expect("the bound address").port())
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let listed = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    listed.flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
