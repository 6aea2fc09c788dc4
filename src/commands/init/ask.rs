//! Questions to the person at the terminal. Nobody is asked where nobody can answer.

use std::io::{IsTerminal, stderr, stdin};

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password};
use model::secret::Secret;

use super::stop::InitStop;
use crate::config;

/// Who answers questions.
pub(super) struct Person {
    /// How questions look; `None` if nobody is asked.
    theme: Option<Box<dyn Theme>>,
}

impl Person {
    /// Somebody at the terminal, or nobody.
    ///
    /// # Errors
    /// If there is no terminal and nobody said that nothing is to be asked.
    pub(super) fn new(silent: bool) -> Result<Self, InitStop> {
        if silent {
            return Ok(Self { theme: None });
        }
        if !stdin().is_terminal() || !stderr().is_terminal() {
            return Err(InitStop::usage(
                "this is not a terminal, so you cannot be asked; answer by flags and add --yes (monitor init --help)",
            ));
        }
        let theme: Box<dyn Theme> =
            if config::no_color() { Box::new(SimpleTheme) } else { Box::new(ColorfulTheme::default()) };
        Ok(Self { theme: Some(theme) })
    }

    /// Whether anybody can be asked.
    pub(super) fn can_answer(&self) -> bool {
        self.theme.is_some()
    }

    /// Yes or no; no if nobody is asked.
    pub(super) fn confirm(&self, question: &str, usually: bool) -> Result<bool, InitStop> {
        let Some(theme) = self.theme.as_deref() else { return Ok(false) };
        Confirm::with_theme(theme).with_prompt(question).default(usually).interact().map_err(stopped)
    }

    /// A line of text, `usually` if the person only presses Enter; `None` if nobody is asked.
    pub(super) fn text(&self, question: &str, usually: Option<&str>) -> Result<Option<String>, InitStop> {
        let Some(theme) = self.theme.as_deref() else { return Ok(None) };
        let input = Input::<String>::with_theme(theme).with_prompt(question);
        let input = match usually {
            Some(usually) => input.default(usually.to_owned()),
            None => input,
        };
        input.interact_text().map(|typed| Some(typed.trim().to_owned())).map_err(stopped)
    }

    /// A secret, which is not shown while it is typed; `None` if nobody is asked, or nothing was typed.
    pub(super) fn secret(&self, question: &str) -> Result<Option<Secret>, InitStop> {
        let Some(theme) = self.theme.as_deref() else { return Ok(None) };
        let typed = Password::with_theme(theme).with_prompt(question).allow_empty_password(true).interact();
        let typed = typed.map_err(stopped)?;
        Ok(Some(typed.trim()).filter(|typed| !typed.is_empty()).map(Secret::new))
    }
}

fn stopped(error: dialoguer::Error) -> InitStop {
    InitStop::failed(format!("stopped, and nothing was written: {error}"))
}
