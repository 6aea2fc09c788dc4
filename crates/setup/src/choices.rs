//! What the person decided.

use std::collections::BTreeSet;

/// What the person decided, by flags or by answers.
#[derive(Debug, Clone, Default)]
pub struct SetupChoices {
    /// The name of the time zone.
    pub timezone: String,
    /// The functions whose warmers are taken over.
    pub take_over: BTreeSet<String>,
    /// The variable that holds the address of a Slack webhook.
    pub slack: Option<String>,
    /// Mail.
    pub email: Option<EmailChoice>,
    /// The file that secrets are written to; `None` if none is.
    pub env_file: Option<String>,
}

/// How mail is sent.
#[derive(Debug, Clone, Default)]
pub struct EmailChoice {
    /// `smtp://host:port`
    pub smtp: String,
    /// `starttls`, `implicit` or `none`; the default if `None`.
    pub tls: Option<String>,
    /// The sender.
    pub from: String,
    /// The addressees.
    pub to: Vec<String>,
    /// The variable that holds the password; no login if `None`.
    pub password: Option<String>,
    /// The name for the login, where it is not the sender's address.
    pub username: Option<String>,
}
