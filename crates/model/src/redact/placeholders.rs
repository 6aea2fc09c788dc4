//! What stands in place of what is masked.

/// What stands in place of every foreign text if a pattern does not load.
pub(super) const NOT_SHOWN: &str = "[not shown: redaction did not load]";

pub(super) const KEY_ID: &str = "[key id]";
pub(super) const TOKEN: &str = "[token]";
pub(super) const SECRET: &str = "[secret]";
pub(super) const PRIVATE_KEY: &str = "[private key]";
pub(super) const WEBHOOK: &str = "[webhook]";
pub(super) const MAIL_ADDRESS: &str = "[mail address]";
pub(super) const ACCOUNT: &str = "[account]";
pub(super) const CARD_NUMBER: &str = "[card number]";
pub(super) const PHONE_NUMBER: &str = "[phone number]";
pub(super) const RESIDENT_NUMBER: &str = "[resident number]";

/// Everything that stands in place of a secret.
pub(super) const PLACEHOLDERS: &[&str] = &[
    SECRET,
    TOKEN,
    KEY_ID,
    PRIVATE_KEY,
    WEBHOOK,
    MAIL_ADDRESS,
    ACCOUNT,
    CARD_NUMBER,
    PHONE_NUMBER,
    RESIDENT_NUMBER,
    NOT_SHOWN,
];
