//! A mail server for one test, honest or misbehaving.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::server::{START_LIMIT, Server};
use super::wait;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/mail_server.py");

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all.
    #[default]
    None,
    /// Plain at first; nothing is accepted before STARTTLS.
    Starttls,
    /// TLS from the first byte.
    Implicit,
}

/// What the server demands and what it does wrong; the default takes any mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailOptions {
    /// Encryption; with any, [`MailServer::ca_pem`] is the authority to trust.
    pub(crate) tls: Tls,
    /// User and password without which nothing is accepted.
    pub(crate) login: Option<(String, String)>,
    /// Takes the login over an unencrypted connection too.
    pub(crate) login_in_clear: bool,
    /// So many deliveries are told 451 before one is taken.
    pub(crate) greylist: u32,
    /// The recipient who is told 550; `*` for all of them.
    pub(crate) refuse: Option<String>,
    /// The recipient who is told 452 so many times.
    pub(crate) full: Option<(String, u32)>,
    /// What every sender is told.
    pub(crate) sender_answer: Option<&'static str>,
    /// What every mail is told once it was sent; none is kept.
    pub(crate) content_answer: Option<&'static str>,
    /// So many deliveries end without an answer to their content.
    pub(crate) drop_after_data: u32,
    /// Whether those mails were kept all the same: the sender cannot know.
    pub(crate) keep_dropped: bool,
    /// Takes connections and never greets.
    pub(crate) silent: bool,
}

/// A running mail server; dropping it ends it and removes its mails.
pub(crate) struct MailServer {
    server: Server,
    silent: bool,
}

impl MailServer {
    /// Starts a server that listens on 127.0.0.1.
    pub(crate) async fn start(options: MailOptions) -> Self {
        let silent = options.silent;
        let starting = move || {
            let options = written(&options);
            Server::start("mail", Path::new(SCRIPT), &[&options])
        };
        // In a thread of its own: the first start of all installs the packages.
        let mut server = match tokio::task::spawn_blocking(starting).await {
            Ok(server) => server,
            Err(problem) => std::panic::resume_unwind(problem.into_panic()),
        };
        let ready = server.home().join("ready");
        let up = wait::until(START_LIMIT, || (ready.exists() || server.has_ended()).then(|| ready.exists()));
        assert!(up.await == Some(true), "{}", server.complaint("did not come up"));
        Self { server, silent }
    }

    /// The port on 127.0.0.1 (the certificate also names localhost).
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// The authority of the server's certificate, for a child's `SSL_CERT_FILE`.
    /// Only written with [`Tls::Starttls`] and [`Tls::Implicit`].
    pub(crate) fn ca_pem(&self) -> PathBuf {
        self.server.home().join("ca.pem")
    }

    /// How many mails have come.
    pub(crate) fn arrived(&self) -> usize {
        self.files().len()
    }

    fn files(&self) -> Vec<PathBuf> {
        let spool = fs::read_dir(self.server.home().join("spool")).expect("read the spool");
        spool
            .map(|entry| entry.expect("an entry of the spool").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect()
    }

    /// The mails taken so far, in order of arrival, each headed by the envelope
    /// as `X-MailFrom` and `X-RcptTo`.
    pub(crate) fn mails(&self) -> Vec<String> {
        let mut files = self.files();
        files.sort(); // names are numbers of arrival
        files
            .iter()
            .map(|path| fs::read(path).expect("read a mail"))
            .map(|mail| String::from_utf8_lossy(&mail).into_owned())
            .collect()
    }

    /// Waits until there are `n` mails or more; returns all of them.
    pub(crate) async fn wait_for(&self, n: usize, limit: Duration) -> Vec<String> {
        assert!(!self.silent, "a silent mail server takes no mail");
        let enough = || Some(self.mails()).filter(|mails| mails.len() >= n);
        let Some(mails) = wait::until(limit, enough).await else {
            let problem = format!("has {} of {n} mails after {limit:?}", self.mails().len());
            panic!("{}", self.server.complaint(&problem));
        };
        mails
    }
}

/// The options as `mail_server.py` reads them.
fn written(options: &MailOptions) -> String {
    let tls = match options.tls {
        Tls::None => "none",
        Tls::Starttls => "starttls",
        Tls::Implicit => "implicit",
    };
    json!({
        "tls": tls,
        "login": options.login,
        "login_in_clear": options.login_in_clear,
        "greylist": options.greylist,
        "refuse": options.refuse,
        "full": options.full.as_ref().map(|(address, _)| address),
        "full_for": options.full.as_ref().map_or(0, |(_, times)| *times),
        "sender_answer": options.sender_answer,
        "content_answer": options.content_answer,
        "drop_after_data": options.drop_after_data,
        "keep_dropped": options.keep_dropped,
        "silent": options.silent,
    })
    .to_string()
}
