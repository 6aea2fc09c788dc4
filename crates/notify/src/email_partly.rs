//! Retries a mail that was delivered to some of its addresses only.
//!
//! While this process runs, addresses that have the mail do not get it again: later attempts go to the others only.
//! After a number of attempts the mail counts as delivered, and a deferring address is not waited for again until it
//! accepts a mail, because later mails are waiting. A new process does not know which addresses have the mail. It sends
//! it to all of them once more, marked as a possible repeat, and does not wait for deferring addresses.

use std::collections::BTreeSet;

use lettre::Address;

use super::DeliveryOutcome;
use super::smtp::RecipientReplies;

/// So many attempts are made for an address that puts a mail off while others have it: by the usual waits of an outbox,
/// for about eight minutes, which is longer than most servers let a stranger wait.
const MOST_ATTEMPTS: u32 = 6;

/// What is remembered from one attempt to the next.
#[derive(Debug, Default)]
pub(super) struct RetryState {
    open: Option<PartialDelivery>,
    /// Addresses that have put off a whole mail, and are not waited for.
    not_waited_for: BTreeSet<Address>,
}

/// The mail that is on its way.
#[derive(Debug)]
struct PartialDelivery {
    key: String,
    have_it: BTreeSet<Address>,
    attempts: u32,
    /// No attempt has ended without an answer: those that are left certainly do not have it.
    certain: bool,
}

/// What an attempt at all that were left means for the mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MailOutcome {
    /// Every address that accepts mail has it; the receipt names those that do not.
    Delivered(Option<String>),
    /// It was delivered to no address, and will not be.
    Nobody(String),
    /// It was delivered to no address yet.
    NobodyYet(String),
    /// Some have it; it goes to the others once more.
    SomeNotYet(String),
}

impl RetryState {
    /// The addresses that have this mail, and whether it is certain that no other has it.
    pub(super) fn of(&self, key: &str) -> (BTreeSet<Address>, bool) {
        self.open
            .as_ref()
            .filter(|open| open.key == key)
            .map(|open| (open.have_it.clone(), open.certain))
            .unwrap_or_default()
    }

    /// An attempt ended before the server answered for the addresses. After enough attempts, the mail counts as
    /// delivered to those that have it; returns the text of the receipt.
    pub(super) fn failed(&mut self, key: &str, outcome: &DeliveryOutcome) -> Option<String> {
        let open = self.open.as_mut().filter(|open| open.key == key)?;
        open.certain &= !matches!(outcome, DeliveryOutcome::Unknown(_));
        open.attempts += 1;
        if open.attempts < MOST_ATTEMPTS {
            return None;
        }
        self.open = None;
        Some("not delivered to all: the mail server stopped answering".to_owned())
    }

    /// Evaluates an attempt in which the server answered for every remaining address.
    pub(super) fn judge(&mut self, key: &str, possible_repeat: bool, told: RecipientReplies) -> MailOutcome {
        let known = self.open.take().filter(|open| open.key == key);
        let is_known = known.is_some();
        let mut open = known.unwrap_or_else(|| PartialDelivery {
            key: key.to_owned(),
            have_it: BTreeSet::new(),
            attempts: 0,
            certain: true,
        });
        open.attempts += 1;
        self.not_waited_for.retain(|address| !told.took.contains(address));
        open.have_it.extend(told.took.iter().cloned());
        let without: Vec<String> = told
            .refused
            .iter()
            .chain(&told.put_off)
            .map(|(address, why)| format!("not delivered to {address}: {why}"))
            .collect();
        let without = without.join("; ");
        if open.have_it.is_empty() {
            return if told.put_off.is_empty() {
                MailOutcome::Nobody(without)
            } else {
                MailOutcome::NobodyYet(without)
            };
        }
        let waits = told.put_off.iter().any(|(address, _)| !self.not_waited_for.contains(address));
        let unknown_to_this_process = possible_repeat && !is_known;
        if waits && !unknown_to_this_process && open.attempts < MOST_ATTEMPTS {
            self.open = Some(open);
            return MailOutcome::SomeNotYet(without);
        }
        for (address, why) in told.put_off {
            tracing::warn!("{address} did not get a mail that was delivered to others: {why}");
            self.not_waited_for.insert(address);
        }
        let receipt = [told.answer, without].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        MailOutcome::Delivered((!receipt.is_empty()).then_some(receipt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        format!("{text}@example.com").parse().unwrap()
    }

    /// What a server says: who takes it, who is refused, who is put off.
    fn replies(took: &[&str], refused: &[&str], put_off: &[&str]) -> RecipientReplies {
        let all = |names: &[&str], why: &str| names.iter().map(|name| (address(name), why.to_owned())).collect();
        let answer = if took.is_empty() { "" } else { "250 ok" }.to_owned();
        RecipientReplies {
            took: took.iter().map(|name| address(name)).collect(),
            refused: all(refused, "550"),
            put_off: all(put_off, "451"),
            answer,
        }
    }

    fn delivered(receipt: &str) -> MailOutcome {
        MailOutcome::Delivered(Some(receipt.to_owned()))
    }

    #[test]
    fn whoever_can_have_it_gets_it_and_nobody_stands_for_all() {
        for (took, refused, put_off, verdict) in [
            (vec!["a", "b"], vec![], vec![], delivered("250 ok")),
            (vec!["a"], vec!["b"], vec![], delivered("250 ok; not delivered to b@example.com: 550")),
            (
                vec![],
                vec!["a", "b"],
                vec![],
                MailOutcome::Nobody(
                    "not delivered to a@example.com: 550; not delivered to b@example.com: 550".to_owned(),
                ),
            ),
            (
                vec![],
                vec!["a"],
                vec!["b"],
                MailOutcome::NobodyYet(
                    "not delivered to a@example.com: 550; not delivered to b@example.com: 451".to_owned(),
                ),
            ),
            (vec!["a"], vec![], vec!["b"], MailOutcome::SomeNotYet("not delivered to b@example.com: 451".to_owned())),
        ] {
            assert_eq!(RetryState::default().judge("k", false, replies(&took, &refused, &put_off)), verdict);
        }
    }

    #[test]
    fn who_has_it_does_not_get_it_again_while_others_are_waited_for() {
        let mut partly = RetryState::default();
        assert_eq!(partly.of("k"), (BTreeSet::new(), false));
        partly.judge("k", false, replies(&["a"], &[], &["b"]));
        assert_eq!(partly.of("k"), (BTreeSet::from([address("a")]), true));
        assert_eq!(partly.of("another"), (BTreeSet::new(), false));
        assert_eq!(partly.failed("k", &DeliveryOutcome::Unknown(String::new())), None);
        assert_eq!(partly.of("k"), (BTreeSet::from([address("a")]), false), "b may have it now");
        assert_eq!(partly.judge("k", true, replies(&["b"], &[], &[])), delivered("250 ok"));
        assert_eq!(partly.of("k"), (BTreeSet::new(), false));
    }

    #[test]
    fn an_address_that_never_takes_anything_is_waited_for_once() {
        let mut partly = RetryState::default();
        let put_off = || replies(&[], &[], &["b"]);
        assert_eq!(
            partly.judge("k", false, replies(&["a"], &[], &["b"])),
            MailOutcome::SomeNotYet("not delivered to b@example.com: 451".to_owned())
        );
        for _ in 2..MOST_ATTEMPTS {
            assert_eq!(
                partly.judge("k", true, put_off()),
                MailOutcome::SomeNotYet("not delivered to b@example.com: 451".to_owned())
            );
        }
        assert_eq!(partly.judge("k", true, put_off()), delivered("not delivered to b@example.com: 451"));
        assert_eq!(
            partly.judge("next", false, replies(&["a"], &[], &["b"])),
            delivered("250 ok; not delivered to b@example.com: 451")
        );
        // Since it takes mail again, it is waited for again.
        assert_eq!(partly.judge("after", false, replies(&["a", "b"], &[], &[])), delivered("250 ok"));
        assert_eq!(
            partly.judge("last", false, replies(&["a"], &[], &["b"])),
            MailOutcome::SomeNotYet("not delivered to b@example.com: 451".to_owned())
        );
    }

    #[test]
    fn a_mail_of_a_process_that_is_gone_goes_to_all_once_more_and_waits_for_nobody() {
        let mut partly = RetryState::default();
        assert_eq!(
            partly.judge("k", true, replies(&["a"], &[], &["b"])),
            delivered("250 ok; not delivered to b@example.com: 451")
        );
    }

    #[test]
    fn a_server_that_stops_answering_is_not_waited_for_by_those_who_have_it() {
        let mut partly = RetryState::default();
        partly.judge("k", false, replies(&["a"], &[], &["b"]));
        let gone = DeliveryOutcome::Later { why: String::new(), wait: None };
        let notes: Vec<bool> = (1..MOST_ATTEMPTS).map(|_| partly.failed("k", &gone).is_some()).collect();
        assert_eq!(notes, [false, false, false, false, true]);
        assert_eq!(partly.failed("another", &gone), None);
    }
}
