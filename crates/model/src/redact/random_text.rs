//! Long random text that nothing names: access keys, tokens of links and devices.

use std::ops::Range;

use regex::Regex;

use super::checks::changes;
use super::placeholders::SECRET;

/// So long is the shortest text that is taken for a secret without a name: 24 random bytes in Base64.
pub(super) const SHORTEST: usize = 32;

/// So long is a secret access key, whose letters tell less than those of other secrets of Base64 with `+` and `/`.
const ACCESS_KEY: usize = 40;

/// They tell that random text is a hash, a version or the id of a request.
const NAMED: &[&str] = &[
    "sha256",
    "sha-256",
    "sha384",
    "sha512",
    "sha1",
    "md5",
    "digest",
    "checksum",
    "etag",
    "integrity",
    "hostid",
    "id-2",
    "cf-id",
    "request id",
    "requestid",
    "versionid",
    "version-id",
    "version id",
];

/// The text with each long random run masked, `None` if it has none. The pattern finds what runs of Base64 are made of
/// in both its alphabets.
pub(super) fn masked(text: &str, runs: &Regex) -> Option<String> {
    let (mut masked, mut copied) = (String::new(), 0);
    for run in runs.find_iter(text) {
        for secret in secrets(text, run.range()) {
            masked.push_str(text.get(copied..secret.start).unwrap_or_default());
            masked.push_str(SECRET);
            copied = secret.end;
        }
    }
    (copied > 0).then(|| masked + text.get(copied..).unwrap_or_default())
}

/// What a character can be in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    /// `/` and `+` of Base64, plain or escaped; also what separates the parts of a path.
    Standard,
    /// `-` and `_` of the alphabet for addresses.
    Address,
}

/// The secrets within one run, in order and without overlaps.
fn secrets(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let padding = part(&run).len() - part(&run).trim_end_matches('=').len();
    let classes = classes(part(&(run.start..run.end - padding)));
    let within = |range: Range<usize>| run.start + range.start..run.start + range.end;
    let mut found: Vec<Range<usize>> = Vec::new();
    for other in [Class::Address, Class::Standard] {
        let is_secret = |range: &Range<usize>| is_secret(text, range, other == Class::Address);
        found.extend(parts(&classes, other).map(within).filter(is_secret));
    }
    found.sort_by_key(|range| range.start);
    let mut secrets: Vec<Range<usize>> = Vec::new();
    for range in found {
        let range = without_path(text, range);
        // What dashes join to a secret belongs to it: Base64 for addresses has them within.
        let is_joined =
            |at: &usize| text.as_bytes().get(*at).is_some_and(|c| c.is_ascii_alphanumeric() || b"-_".contains(c));
        let start = (run.start..range.start).rev().take_while(is_joined).last().unwrap_or(range.start);
        let end = (range.end..run.end - padding).take_while(is_joined).last().map_or(range.end, |last| last + 1);
        let end = if end + padding == run.end { run.end } else { end };
        match secrets.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => secrets.push(start..end),
        }
    }
    secrets
}

fn classes(run: &str) -> Vec<Class> {
    let mut classes = Vec::with_capacity(run.len());
    for byte in run.bytes() {
        let is_behind_percent = (1..=2).any(|back| {
            classes.len().checked_sub(back).and_then(|at| run.as_bytes().get(at)).is_some_and(|byte| *byte == b'%')
        });
        classes.push(match byte {
            b'-' | b'_' => Class::Address,
            _ if is_behind_percent || !byte.is_ascii_alphanumeric() => Class::Standard,
            _ => Class::Letter,
        });
    }
    classes
}

/// The parts of a run that have none of the other class, if they are long enough.
fn parts(classes: &[Class], other: Class) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    let ends = (0..=classes.len()).filter(move |at| classes.get(*at).is_none_or(|class| *class == other));
    ends.filter_map(move |end| {
        let part = start..end;
        start = end + 1;
        (part.len() >= SHORTEST).then_some(part)
    })
}

/// Whether a part is random and nothing before it names it as a hash or as the id of a request.
fn is_secret(text: &str, range: &Range<usize>, is_standard: bool) -> bool {
    let part = text.get(range.clone()).unwrap_or_default();
    let before = text.get(..range.start).unwrap_or_default();
    let from = before.char_indices().rev().nth(24).map_or(0, |(at, _)| at);
    let first = part.split(['-', '_']).next().unwrap_or_default();
    let before = format!("{}{first}", before.get(from..).unwrap_or_default()).to_ascii_lowercase();
    // Neither a hash nor a request id is as long as a secret access key.
    let is_named = part.len() != ACCESS_KEY && NAMED.iter().any(|name| before.contains(name));
    // The linker's names of functions: `_ZN5torch3jit17parseSchema`
    let run = text.get(..range.end).unwrap_or_default();
    let is_symbol =
        run.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().is_some_and(|run| run.starts_with("_Z"));
    !is_named && !is_symbol && (is_random(part) || (is_standard && may_be_access_key(part)))
}

/// Whether most of a text is in parts that are neither words nor numbers.
fn is_random(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let random = random_letters(text);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    !is_hex && random >= 20 && random * 2 >= letters.len() && is_mixed(&letters)
}

/// How many letters and digits stand in parts that are no words of a name, no number, no hash and no id.
fn random_letters(text: &str) -> usize {
    let (mut random, mut is_named) = (0, false);
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        if is_hash(part) {
            continue;
        }
        // The CDK puts eight digits of a hash behind the name of a resource.
        let name = part.len().checked_sub(8).and_then(|at| part.split_at_checked(at));
        let name = name.filter(|(name, hash)| name.ends_with(|c: char| c.is_ascii_lowercase()) && is_hash(hash));
        let word = name.map_or(part, |(name, _)| name);
        if is_word(word) {
            is_named |= word.len() >= 3;
        } else if !(is_named && (12..=14).contains(&part.len())) {
            // CloudFormation puts an id of 12 or 13 letters behind the name of a resource.
            random += part.len();
        }
    }
    random
}

fn is_hash(part: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    part.bytes().all(|byte| is_digit(byte) || (b'a'..=b'f').contains(&byte))
        || part.bytes().all(|byte| is_digit(byte) || (b'A'..=b'F').contains(&byte))
}

/// `orders`, `OrdersFunction`, `x86`
fn is_word(part: &str) -> bool {
    let is_plain = part.len() < 12
        && part.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
            || part.bytes().all(|byte| byte.is_ascii_uppercase()));
    is_plain || !is_mixed(part)
}

/// Whether the kind of character changes as often as it does by chance; names of several words have only letters.
fn is_mixed(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if has_digit { changes(text) * 3 >= text.len() } else { changes(text) * 5 >= text.len() * 2 }
}

/// Whether a text of Base64 can be a secret access key or longer, and is not a path, a name or a hash.
fn may_be_access_key(text: &str) -> bool {
    // Ids that the CDK makes have a hash within them.
    let is_of_hash = |part: &&str| part.len() >= 32;
    let hashes: usize =
        text.split(|c: char| !c.is_ascii_digit() && !('a'..='f').contains(&c)).filter(is_of_hash).map(str::len).sum();
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    !is_hex
        && text.len() - hashes >= ACCESS_KEY
        && changes(text) * if has_digit { 4 } else { 5 } >= text.len() * if has_digit { 1 } else { 2 }
}

/// Without the words of a path before and behind the secret: `io/reset/`.
fn without_path(text: &str, range: Range<usize>) -> Range<usize> {
    let is_name = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\\')
            || part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut range = range;
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    while let Some((first, _)) = part(&range).split_once('/').filter(|(first, _)| is_name(first)) {
        range.start += first.len() + 1;
    }
    while let Some((_, last)) = part(&range).rsplit_once('/').filter(|(_, last)| is_name(last)) {
        range.end -= last.len() + 1;
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: &str = r"(?:[A-Za-z0-9/+_-]|\\/|%2[BbFf]){32,}={0,2}";

    fn check(cases: &[(&str, &str)]) {
        let runs = Regex::new(RUNS).unwrap();
        for (line, shown) in cases {
            assert_eq!(masked(line, &runs).as_deref().unwrap_or(line), *shown, "{line}");
        }
    }

    #[test]
    fn a_token_for_addresses_is_masked_as_a_whole() {
        check(&[
            ("got '3dk2sGAMJXPeJOP5DRtBXY9D3vTnQZdVP8mkhMPRUCTV1IKHDLTu-vBJiiqf79oy' for", "got '[secret]' for"),
            ("got 'C6vU1KgeGIymk7ZfBf_g9tVdOwmLZ8iMRYkSnX1mJ02KO0YYr46XSzyYk4s34TyD' for", "got '[secret]' for"),
            (
                "https://x.io/reset/R3b_x-7fKqLm0Zc2VtYp9WdGs4HnAe1JiXoUbT5k6vM failed",
                "https://x.io/reset/[secret] failed",
            ),
            ("?t=a9Kz3Lm-Qp7Vx2Rt5Wy8Bn1Cd4Ef6Gh0J&a=1", "?t=[secret]&a=1"),
            ("24 bytes hV3kQ9zT1mXs7Bf2LpWc8RnY5dJg4GaE", "24 bytes [secret]"),
            ("hV3kQ9zT1mXs7Bf2/pWc8RnY5dJg+GaE==", "[secret]"),
            (r"a hV3kQ9zT1mXs7Bf2\/pWc8RnY5dJg%2BGaEx b", "a [secret] b"),
        ]);
    }

    #[test]
    fn names_and_ids_and_hashes_stay() {
        let same = [
            "e11db634-ef8a-4258-9d46-0b5e878cd834",
            "orders-e11db634-ef8a-4258-9d46-0b5e878cd834-retry",
            "shop-prod-OrdersFunction-1AB2CD3EF4GH5",
            "shop-NestedStack-1AB2CD3EF4GH5-OrdersFunction-9ZX8CV7BN6ML5",
            "Shop-OrdersFunctionServiceRole7A3B2C1D-aB3dEf5gHi1J",
            "_ZNKSt7__cxx1110moneypunctIcLb0EE8groupingEv",
            "cpython-312-x86_64-linux-gnu-pydantic-core",
            "BlockdevOptionsVirtioBlkVhostUserAndMore",
            "sha256-YFgDgEKG3ugvF1-pX64gV6tu9qNuIYNUdgJm8nCxsm4=",
            "versionId=Ue5IcB9PqLk2Vx7Rt4Wy8Bn1Cd3Ef6Gh",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "/opt/nodejs/node_modules/some-package/dist-cjs/index",
        ];
        check(&same.map(|line| (line, line)));
    }
}
