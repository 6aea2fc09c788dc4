//! Users and passwords within addresses.

use super::sentences::looks_like_password;

/// The text without what stands before the host of each address, if that is secret; `None` if nothing is.
pub(super) fn masked(text: &str) -> Option<String> {
    let (mut masked, mut rest) = (String::new(), text);
    let mut found = false;
    while let Some((at, slashes)) = next_host(rest) {
        let (before, after) = rest.split_at_checked(at + slashes.len())?;
        masked.push_str(before);
        rest = after;
        let end = if slashes.contains('%') { encoded_user(after) } else { user(after, before) };
        if let Some((user, host)) = end.and_then(|end| after.split_at_checked(end)) {
            masked.push_str("[secret]");
            masked.push_str(["%40", "@"].into_iter().find(|mark| user.ends_with(mark)).unwrap_or_default());
            rest = host;
            found = true;
        }
    }
    found.then(|| masked + rest)
}

/// Where the two slashes behind a scheme are, and how they are written.
fn next_host(text: &str) -> Option<(usize, &'static str)> {
    [":\\/\\/", "://", "%3A%2F%2F", "%3a%2f%2f"]
        .into_iter()
        .filter_map(|slashes| Some((text.find(slashes)?, slashes)))
        .min()
}

/// The length of what stands before the host, with its `@`. `after` starts behind the slashes that `before` ends with.
fn user(after: &str, before: &str) -> Option<usize> {
    let word = after.split([' ', '\n', '"', '\'', '<', '>', '`']).next().unwrap_or_default();
    let authority = word.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@') {
        // NATS takes a token as its user.
        let is_token = before.ends_with("nats://") && looks_like_password(user);
        return (is_secret(user) || is_token).then_some(user.len() + 1);
    }
    // A password may have a slash or a question mark in it; a port has digits only.
    let (host, port) = authority.split_once(':')?;
    let is_port = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = host.starts_with('[')
        || host == "localhost"
        || host.contains('.')
        || before.ends_with("http://")
        || before.ends_with("https://");
    if port.is_empty() || (is_port && is_host) || authority.ends_with(']') {
        return None;
    }
    let end = word.rfind('@').map(|at| at + 1);
    // The line was cut before the host.
    let is_cut =
        after.len() == authority.len() || after.get(authority.len()..).is_some_and(|rest| rest.starts_with(' '));
    let is_image = ["docker://", "oci://", "containers://"].iter().any(|scheme| before.ends_with(scheme));
    end.or((is_cut && !is_image && looks_like_password(port)).then_some(authority.len()))
}

/// The same for an address that is itself a part of another: `postgres%3A%2F%2Fapp%3Apw%40host`.
fn encoded_user(after: &str) -> Option<usize> {
    let (user, _) = after.split_once("%40")?;
    let lower = user.to_ascii_lowercase();
    let is_of_user = !user.contains(['/', '?', '&', ' ', '\n', '"', '\''])
        && !["%2f", "%3f", "%23", "%26"].iter().any(|end| lower.contains(end));
    (is_of_user && (lower.contains("%3a") || user.contains(':') || is_secret(user))).then_some(user.len() + 3)
}

/// Whether a user has a password, or is itself a token: `git@` and `ec2-user@` are no secrets.
fn is_secret(user: &str) -> bool {
    let has_digit = user.bytes().any(|byte| byte.is_ascii_digit());
    let is_token = user.len() >= 16 && has_digit && user.bytes().any(|byte| byte.is_ascii_alphabetic());
    user.contains(':') || user.contains("%3A") || user.contains("%3a") || (is_token && !user.contains('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_before_the_host_is_masked() {
        for (address, shown) in [
            ("postgres://app:hunter2@db.internal/app", "postgres://[secret]@db.internal/app"),
            ("mysql://root:p%40ss@host", "mysql://[secret]@host"),
            ("redis://:pw@host:6379/0", "redis://[secret]@host:6379/0"),
            ("smtps://me:p@ss@mail.example.com/x", "smtps://[secret]@mail.example.com/x"),
            ("amqp://a:b/c?d@mq:5672", "amqp://[secret]@mq:5672"),
            (r"https:\/\/a:b@c.example\/d", r"https:\/\/[secret]@c.example\/d"),
            ("u=postgres%3A%2F%2Fapp%3Apw%40host&x=1", "u=postgres%3A%2F%2F[secret]%40host&x=1"),
            (
                "https://0123456789abcdef0123456789abcdef@o1.ingest.example.com/4",
                "https://[secret]@o1.ingest.example.com/4",
            ),
            ("postgres://app:hunter2", "postgres://[secret]"),
            ("nats://hunter2xyz9@h", "nats://[secret]@h"),
            ("a://b:c@d, e://f:g@h", "a://[secret]@d, e://[secret]@h"),
        ] {
            assert_eq!(masked(address).as_deref(), Some(shown), "{address}");
            assert_eq!(masked(shown), None, "{shown}");
        }
        for address in [
            "https://example.com/a?mail=jin@example.com",
            "http://host:8080?mail=jin@example.com",
            "http://host:8080/a@b",
            "ssh://git@github.com/a/b",
            "http://[::1]:9001/a",
            "docker://node:20-alpine",
            "http://host:port and http://localhost:8080",
            "file:///var/task/a@b.mjs:114:26",
            "r=https%3A%2F%2Fapp.example.com%2F%3Fm%3Djin%40example.com",
            "https://",
        ] {
            assert_eq!(masked(address), None, "{address}");
        }
    }
}
