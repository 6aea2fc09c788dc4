//! Who is notified: by flags, or by answers.

use std::path::PathBuf;

use model::secret::Secret;
use model::settings::SecretRef;

use super::ask::Person;
use super::flags::Args;
use super::stop::InitStop;
use crate::commands::output::say;
use crate::config::ConfigEnvironment;
use setup::{EmailChoice, SetupChoices};

/// The variables for what is typed.
const SLACK: &str = "SLACK_WEBHOOK_URL";
const PASSWORD: &str = "SMTP_PASSWORD";

/// Secrets by their variables.
pub(super) type NamedSecrets = Vec<(String, Secret)>;

/// Sets the receivers; gives the secrets to write, and all that are known.
pub(super) fn choose(
    args: &Args,
    person: &Person,
    choices: &mut SetupChoices,
) -> Result<(NamedSecrets, NamedSecrets), InitStop> {
    let mut secrets = Vec::new();
    choices.slack = args.slack_webhook_env.clone();
    choices.email = by_flags(args);
    if choices.slack.is_none() && choices.email.is_none() && person.can_answer() {
        typed(person, choices, &mut secrets)?;
    }
    let mut known = secrets.clone();
    let environment = ConfigEnvironment::of_process(PathBuf::new());
    for name in [&args.slack_webhook_env, &args.smtp_password_env].into_iter().flatten() {
        match environment.secret(SecretRef::Env(name)) {
            Ok(secret) => {
                known.push((name.clone(), secret.clone()));
                if args.write_env {
                    secrets.push((name.clone(), secret));
                }
            }
            Err(why) if args.write_env => return Err(InitStop::usage(format!("--write-env: {why}"))),
            Err(why) => say(&format!("monitor: {why}; `monitor check` and `monitor run` need it")),
        }
    }
    Ok((secrets, known))
}

fn by_flags(args: &Args) -> Option<EmailChoice> {
    let first = args.email.first()?;
    Some(EmailChoice {
        smtp: args.smtp.clone()?,
        tls: args.smtp_tls.clone(),
        from: args.email_from.clone().unwrap_or_else(|| first.clone()),
        to: args.email.clone(),
        password: args.smtp_password_env.clone(),
        username: args.smtp_user.clone(),
    })
}

fn typed(person: &Person, choices: &mut SetupChoices, secrets: &mut NamedSecrets) -> Result<(), InitStop> {
    if let Some(hook) = person.secret("Address of an incoming webhook of Slack (not shown; Enter for none)")? {
        secrets.push((SLACK.to_owned(), hook));
        choices.slack = Some(SLACK.to_owned());
    }
    if !person.confirm("Send mail as well?", false)? {
        return Ok(());
    }
    let answers = [
        person.text("Mail server (smtp://host:port)", None)?,
        person.text("Send to (addresses, separated by commas)", None)?,
    ];
    let [Some(smtp), Some(to)] = answers else { return Ok(()) };
    let to: Vec<String> = to.split(',').map(|address| address.trim().to_owned()).filter(|to| !to.is_empty()).collect();
    let from = person.text("Sender", to.first().map(String::as_str))?.unwrap_or_default();
    let password = person.secret("Password for the mail server (not shown; Enter for no login)")?;
    let username = match &password {
        Some(_) => person.text("Name for the login", Some(&from))?.filter(|name| *name != from),
        None => None,
    };
    let variable = password.as_ref().map(|_| PASSWORD.to_owned());
    secrets.extend(password.map(|password| (PASSWORD.to_owned(), password)));
    choices.email = Some(EmailChoice { smtp, tls: None, from, to, password: variable, username });
    Ok(())
}
