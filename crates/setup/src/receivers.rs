//! The tables `[receiver.<name>]`.

use super::choices::{EmailChoice, SetupChoices};
use super::toml_text::{TomlText, list, quoted};

const SLACK: &str = "slack";
const MAIL: &str = "mail";
const CONSOLE: &str = "console";

/// The receivers' names.
pub(super) fn names(choices: &SetupChoices) -> Vec<&'static str> {
    let chosen = [(choices.slack.is_some(), SLACK), (choices.email.is_some(), MAIL)];
    let names: Vec<&str> = chosen.into_iter().filter(|(is_chosen, _)| *is_chosen).map(|(_, name)| name).collect();
    if names.is_empty() { vec![CONSOLE] } else { names }
}

pub(super) fn write(choices: &SetupChoices, text: &mut TomlText) {
    let slack = choices.slack.as_deref();
    let variable = quoted(slack.unwrap_or("SLACK_WEBHOOK_URL"));
    let lines = [format!("[receiver.{SLACK}]"), format!("via.slack = {{ webhook = {{ env = {variable} }} }}")];
    text.table(
        slack.is_some(),
        "An incoming webhook of Slack; the variable holds its address, which is a secret.",
        lines,
    );
    let example = EmailChoice {
        smtp: "smtp://mail.example.com:587".to_owned(),
        from: "monitor@example.com".to_owned(),
        to: vec!["me@example.com".to_owned()],
        password: Some("SMTP_PASSWORD".to_owned()),
        ..EmailChoice::default()
    };
    let email = choices.email.as_ref();
    let lines = [format!("[receiver.{MAIL}]"), via_email(email.unwrap_or(&example))];
    text.table(email.is_some(), "Mail, by a server that you may use.", lines);
    let none = slack.is_none() && email.is_none();
    let why = if none {
        "Standard output: nobody is notified elsewhere until you add a receiver."
    } else {
        "Standard output."
    };
    text.table(none, why, [format!("[receiver.{CONSOLE}]"), "via.stdout = {}".to_owned()]);
}

fn via_email(email: &EmailChoice) -> String {
    let mut settings = vec![format!("smtp = {}", quoted(&email.smtp))];
    settings.extend(email.tls.iter().map(|tls| format!("tls = {}", quoted(tls))));
    settings.push(format!("from = {}", quoted(&email.from)));
    settings.push(format!("to = {}", list(&email.to)));
    settings.extend(email.username.iter().map(|name| format!("username = {}", quoted(name))));
    settings.extend(email.password.iter().map(|variable| format!("password = {{ env = {} }}", quoted(variable))));
    format!("via.email = {{ {} }}", settings.join(", "))
}
