//! The words that tell a name of a secret from other names, and a sentence about a secret from the secret.

/// Behind the noun they make a name harmless: `password_policy`, `token_count`, `SECRET_NAME`.
#[rustfmt::skip]
pub(super) const ABOUT: &[&str] = &[
    "address", "age", "alg", "algorithm", "arn", "arns", "at", "attempt", "attempts", "audience", "authorizer",
    "available", "bucket", "budget", "bytes", "cache", "changed", "class", "column", "com", "config", "configuration",
    "cost", "count", "counts", "created", "date", "description", "dir", "disabled", "domain", "duration", "enabled",
    "encoder", "encoding", "endpoint", "endpoints", "error", "errors", "exception", "exceptions", "exists", "exp",
    "expiration", "expire", "expired", "expires", "expiry", "fail", "failed", "failure", "field", "fields", "file",
    "filename", "files", "filter", "format", "found", "generator", "handler", "helper", "hint", "hits", "host", "id",
    "ids", "index", "input", "interceptor", "interval", "invalid", "issuer", "kind", "label", "latency", "len",
    "length", "less", "level", "limit", "limits", "line", "list", "manager", "max", "method", "middleware", "min",
    "minutes", "missing", "mode", "model", "module", "ms", "name", "names", "not", "offset", "ok", "options", "order",
    "owner", "param", "parameter", "params", "path", "paths", "per", "placeholder", "policies", "policy", "pos",
    "position", "present", "protected", "provider", "providers", "ratio", "rate", "ref", "refresh", "refreshed",
    "region", "required", "requirements", "reset", "resource", "role", "rotation", "rules", "samesite", "schema",
    "scope", "scopes", "score", "seconds", "service", "set", "settings", "size", "source", "stage", "stages", "start",
    "state", "status", "store", "strategy", "strength", "time", "timeout", "timestamp", "total", "ttl", "type",
    "types", "updated", "uri", "url", "urls", "usage", "used", "username", "valid", "validated", "validation",
    "validator", "validity", "verification", "verified", "verifier", "version", "versions", "warning", "window",
];

/// They tell that a random value is a hash: `CodeSha256`.
#[rustfmt::skip]
pub(super) const OF_HASHES: &[&str] = &[
    "checksum", "digest", "etag", "hash", "md", "sha",
];

/// Before the noun they make a name of an error or of a state: `InvalidPassword`, `hasToken`.
#[rustfmt::skip]
pub(super) const STATED: &[&str] = &[
    "bad", "expected", "expired", "has", "illegal", "incorrect", "invalid", "is", "mismatched", "missing", "needs",
    "no", "requires", "revoked", "should", "unexpected", "unknown", "wrong",
];

/// Before `secret:` they tell that its name follows.
#[rustfmt::skip]
pub(super) const ASKED: &[&str] = &[
    "accessing", "fetch", "fetched", "fetching", "find", "get", "getting", "load", "loaded", "loading", "lookup",
    "named", "read", "reading", "resolve", "resolving", "retrieve", "retrieved", "retrieving", "rotating",
];

/// Before `key` they make it one that is secret.
#[rustfmt::skip]
pub(super) const KEY_OF: &[&str] = &[
    "access", "account", "admin", "aes", "api", "app", "application", "auth", "cert", "cipher", "consumer", "crypto",
    "decryption", "deploy", "encrypt", "encryption", "functions", "gpg", "hmac", "ingestion", "instrumentation",
    "integration", "jwt", "licence", "license", "live", "master", "pgp", "plaintext", "private", "rsa", "secret", "server",
    "service", "shared", "sign", "signing", "ssh", "storage", "subscription", "vapid", "webhook",
];

/// Before `pw` they make it a password.
#[rustfmt::skip]
pub(super) const OWNERS_OF_PASSWORDS: &[&str] = &[
    "admin", "app", "bind", "db", "ftp", "key", "ldap", "login", "mail", "my", "new", "old", "root", "smtp", "ssl",
    "store", "user",
];

/// Before `PAT` they tell that it is a personal access token and no pattern.
#[rustfmt::skip]
pub(super) const OWNERS_OF_TOKENS: &[&str] = &[
    "access", "ado", "atlassian", "azure", "bitbucket", "bot", "ci", "databricks", "deploy", "devops", "gh", "git",
    "github", "gitlab", "gl", "jira", "personal", "snowflake",
];

/// One of them alone is no secret.
#[rustfmt::skip]
pub(super) const NOTHING: &[&str] = &[
    "absent", "accepted", "all", "any", "bearer", "blank", "boolean", "bytes", "cached", "changed", "created",
    "deleted", "denied", "disabled", "empty", "enabled", "encrypted", "error", "expired", "failed", "false",
    "filtered", "forbidden", "found", "function", "generated", "hidden", "ignored", "include", "incorrect", "int",
    "integer", "invalid", "issued", "loaded", "malformed", "masked", "mismatch", "missing", "n/a", "na", "nan", "nil",
    "no", "none", "null", "number", "object", "off", "ok", "omit", "omitted", "on", "optional", "present", "redacted",
    "refreshed", "rejected", "removed", "required", "revoked", "rotated", "same-origin", "set", "skipped", "str",
    "string", "text", "timeout", "true", "unauthorized", "unavailable", "undefined", "unknown", "unset", "updated",
    "valid", "validated", "verified", "wrong", "yes",
];

/// They belong to a sentence and not to a secret.
#[rustfmt::skip]
pub(super) const OF_SENTENCES: &[&str] = &[
    "a", "all", "already", "an", "and", "are", "argument", "as", "at", "be", "because", "but", "by", "can", "cannot",
    "can't", "could", "couldn't", "did", "didn't", "do", "does", "doesn't", "each", "every", "expected", "fails",
    "flag", "for", "from", "given", "got", "had", "has", "have", "header", "if", "in", "is", "isn't", "it", "its",
    "length", "may", "must", "needs", "never", "not", "of", "on", "only", "option", "or", "parameter", "please",
    "should", "still", "than", "that", "the", "there", "these", "this", "to", "too", "unable", "unexpected", "was",
    "were", "when", "while", "will", "with", "without", "would", "you", "your",
];

/// A quoted sentence with one of them tells what is wrong with a value.
#[rustfmt::skip]
pub(super) const OF_COMPLAINTS: &[&str] = &[
    "be", "blank", "cannot", "characters", "empty", "expired", "incorrect", "invalid", "least", "length", "match",
    "missing", "must", "not", "required", "short", "should", "weak",
];

/// Endings that make another word of the noun: `secretary`, `passwordless`.
#[rustfmt::skip]
pub(super) const OTHER_ENDINGS: &[&str] = &[
    "ari", "ary", "ion", "ise", "ize", "less", "ly", "manager", "smanager",
];

/// Words that end with `pass` and have nothing to do with passwords.
#[rustfmt::skip]
pub(super) const OTHER_PASSES: &[&str] = &[
    "bypass", "compass", "encompass", "multipass", "overpass", "surpass", "trespass", "underpass",
];

/// What comes first behind `Authorization:`, with the secret as the next word.
#[rustfmt::skip]
pub(super) const SCHEMES: &[&str] = &[
    "apikey", "basic", "bearer", "jwt", "kakaoak", "negotiate", "splunk", "ssws", "token",
];
