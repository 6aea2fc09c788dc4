//! Classifies Slack's error words: Slack answers almost every call with status 200 and an error word.
//!
//! The words are those of the methods' reference, <https://docs.slack.dev/reference/methods>.

use chrono::TimeDelta;

use super::DeliveryOutcome;

/// How long is waited where Slack wants to be left alone and does not say for how long.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(30);
/// The longest word that is shown.
const LONGEST: usize = 60;

/// `"ok": false`, and what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlackError {
    /// The error word.
    pub(super) word: String,
    /// The scope that is missing, where one is.
    pub(super) needed: Option<String>,
    /// How long Slack asks to wait.
    pub(super) wait: Option<TimeDelta>,
}

impl SlackError {
    /// An error with its word sanitized.
    pub(super) fn new(word: &str, needed: Option<&str>, wait: Option<TimeDelta>) -> Self {
        let clean = |text: &str| {
            text.chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | ',' | '-'))
                .take(LONGEST)
                .collect()
        };
        Self { word: clean(word), needed: needed.map(clean), wait }
    }

    /// Whether Slack only wants fewer requests.
    pub(super) fn is_about_pace(&self) -> bool {
        matches!(self.word.as_str(), "ratelimited" | "rate_limited" | "message_limit_exceeded")
    }

    /// Whether it says that the message to edit or follow does not exist, or cannot be edited.
    pub(super) fn is_about_the_earlier_message(&self) -> bool {
        matches!(
            self.word.as_str(),
            "message_not_found"
                | "thread_not_found"
                | "cant_update_message"
                | "edit_window_closed"
                | "cannot_reply_to_message"
                | "invalid_thread_ts"
                | "restricted_action_non_threadable_channel"
        )
    }

    /// Whether it rejects only the metadata of the message.
    pub(super) fn is_about_metadata(&self) -> bool {
        self.word.starts_with("metadata_") || self.word.starts_with("invalid_metadata_")
    }

    /// The outcome for the message that should have been posted.
    pub(super) fn outcome(&self) -> DeliveryOutcome {
        let word = self.word.as_str();
        if self.is_about_pace() {
            return DeliveryOutcome::Later {
                why: format!("Slack limits the rate of requests ({word})"),
                wait: self.wait.or(Some(USUAL_WAIT)),
            };
        }
        match word {
            // "It's possible some aspect of the operation succeeded before the error was raised."
            "internal_error" | "fatal_error" => {
                DeliveryOutcome::Unknown(format!("Slack had an internal error ({word})"))
            }
            "service_unavailable"
            | "request_timeout"
            | "team_added_to_org"
            | "org_login_required"
            | "external_channel_migrating"
            | "update_failed" => {
                DeliveryOutcome::Later { why: format!("Slack is not available now ({word})"), wait: self.wait }
            }
            _ => match self.next_step() {
                Some(step) => DeliveryOutcome::Stopped(format!("Slack refused the message ({word}); {step}")),
                None => DeliveryOutcome::Refused(format!("Slack refused the message ({word})")),
            },
        }
    }

    /// What you have to do before Slack takes anything at all; `None` where only this message is refused.
    fn next_step(&self) -> Option<String> {
        let step = match self.word.as_str() {
            "not_authed" | "invalid_auth" | "account_inactive" | "token_revoked" | "token_expired" => {
                "the token is not valid: copy the Bot User OAuth Token (xoxb-...) from the app's page \"OAuth & Permissions\""
            }
            "not_allowed_token_type" => "it must be a Bot User OAuth Token, which begins with xoxb-",
            "missing_scope" => {
                let scope = self.needed.as_deref().unwrap_or("chat:write");
                return Some(format!(
                    "the token needs the scope {scope}: add it on the app's page \"OAuth & Permissions\", and install the app again"
                ));
            }
            "channel_not_found" | "invalid_channel" => {
                "check the channel's id, and invite the app to the channel: /invite @name-of-the-app"
            }
            "not_in_channel" | "no_permission" | "posting_to_channel_denied" => {
                "invite the app to the channel: /invite @name-of-the-app"
            }
            "is_archived" | "is_inactive" => "the channel is archived: unarchive it, or choose another one",
            "file_uploads_disabled"
            | "storage_limit_reached"
            | "ekm_access_denied"
            | "access_denied"
            | "accesslimited"
            | "enterprise_is_restricted"
            | "team_access_not_granted"
            | "two_factor_setup_required"
            | "team_not_found" => "ask an administrator of the Slack workspace",
            word if word.starts_with("restricted_action") => {
                "ask an administrator of the Slack workspace for permission to post in the channel"
            }
            "method_deprecated" | "deprecated_endpoint" | "unknown_method" => {
                "this version of monitor is too old for Slack, or `api` is not Slack's"
            }
            _ => return None,
        };
        Some(step.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_word_has_its_outcome_and_where_somebody_must_act_a_next_step() {
        for (word, kind, said) in [
            ("ratelimited", "later", "limits the rate"),
            ("rate_limited", "later", "limits the rate"),
            ("service_unavailable", "later", "not available now"),
            ("request_timeout", "later", "not available now"),
            ("internal_error", "unknown", "internal error"),
            ("fatal_error", "unknown", "internal error"),
            ("invalid_auth", "stopped", "xoxb-"),
            ("not_authed", "stopped", "xoxb-"),
            ("account_inactive", "stopped", "xoxb-"),
            ("token_revoked", "stopped", "xoxb-"),
            ("token_expired", "stopped", "xoxb-"),
            ("missing_scope", "stopped", "the scope chat:write"),
            ("channel_not_found", "stopped", "check the channel's id"),
            ("not_in_channel", "stopped", "invite the app to the channel"),
            ("no_permission", "stopped", "invite the app to the channel"),
            ("is_archived", "stopped", "archived"),
            ("restricted_action_read_only_channel", "stopped", "administrator"),
            ("msg_too_long", "refused", "msg_too_long"),
            ("msg_blocks_too_long", "refused", "msg_blocks_too_long"),
            ("invalid_blocks", "refused", "invalid_blocks"),
            ("invalid_blocks_format", "refused", "invalid_blocks_format"),
            ("no_text", "refused", "no_text"),
            ("a_word_of_next_year", "refused", "a_word_of_next_year"),
        ] {
            let outcome = SlackError::new(word, None, None).outcome();
            let (found, why) = match &outcome {
                DeliveryOutcome::Delivered(_) => ("delivered", ""),
                DeliveryOutcome::Later { why, .. } => ("later", why.as_str()),
                DeliveryOutcome::Unknown(why) => ("unknown", why.as_str()),
                DeliveryOutcome::Refused(why) => ("refused", why.as_str()),
                DeliveryOutcome::Stopped(why) => ("stopped", why.as_str()),
            };
            assert!(found == kind && why.contains(said), "{word}: {outcome:?}");
        }
    }

    #[test]
    fn slacks_wish_to_wait_and_the_missing_scope_are_kept() {
        let wait = Some(TimeDelta::seconds(7));
        let slow = SlackError::new("ratelimited", None, wait).outcome();
        assert_eq!(
            slow,
            DeliveryOutcome::Later { why: "Slack limits the rate of requests (ratelimited)".to_owned(), wait }
        );
        let DeliveryOutcome::Stopped(why) = SlackError::new("missing_scope", Some("files:write"), None).outcome()
        else {
            panic!("it goes on")
        };
        assert!(why.contains("the scope files:write"), "{why}");
    }

    #[test]
    fn a_word_is_a_word_and_no_more() {
        assert_eq!(SlackError::new("<!channel> \u{1b}[31m\nx", None, None).word, "channel31mx");
        assert_eq!(SlackError::new(&"x".repeat(1000), None, None).word.len(), LONGEST);
    }
}
