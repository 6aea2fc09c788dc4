//! One keyed hash over values that are never kept, so that a change of them shows.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The key of digests: random, one a store, so that guessed values cannot be checked against a digest without it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestKey(pub [u8; 32]);

impl DigestKey {
    /// The key for texts that are no secrets.
    pub const PUBLIC: Self = Self([0; 32]);
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestKey(***)")
    }
}

/// HMAC-SHA256 over names and values in this order, its first 16 hexadecimal digits. Lengths are hashed too: no two
/// different lists have the same input.
pub fn digest<'a>(key: &DigestKey, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) else { return String::new() };
    for text in pairs.into_iter().flat_map(|(name, value)| [name, value]) {
        mac.update(&(text.len() as u64).to_le_bytes());
        mac.update(text.as_bytes());
    }
    mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_key_and_on_where_a_value_ends() {
        let key = DigestKey([7; 32]);
        let all = [
            digest(&key, [("A", "1"), ("B", "2")]),
            digest(&key, [("A", "1B2")]),
            digest(&key, [("A1", ""), ("B", "2")]),
            digest(&key, [("A", "1"), ("B", "3")]),
            digest(&DigestKey([8; 32]), [("A", "1"), ("B", "2")]),
        ];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
        assert_eq!(digest(&key, [("A", "1"), ("B", "2")]), all[0]);
        assert!(all.iter().all(|digest| digest.len() == 16));
        assert_eq!(format!("{key:?}"), "DigestKey(***)");
    }
}
