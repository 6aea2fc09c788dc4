//! Secrets as programs print them: values, names, and the writers of JSON, Python, Go and others. Nothing here knows
//! what the redaction looks for.

use fastrand::Rng;

use super::requests;
use super::writers::{Field, WRITERS, Writer, json, percent, python};

/// A line, and the text in it that must not be shown.
pub(crate) struct Case {
    pub(crate) form: &'static str,
    pub(crate) line: String,
    pub(crate) secret: String,
}

pub(super) const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
pub(super) const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
pub(super) const LARGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MARKS: &str = "!@#$%^*-_=+.:?~";
const ALL_MARKS: &str = "!@#$%^&*-_=+.,:;?/~|()[]{}<>";

pub(super) fn of(rng: &mut Rng, alphabet: &str, length: usize) -> String {
    let characters: Vec<char> = alphabet.chars().collect();
    (0..length).map(|_| characters[rng.usize(..characters.len())]).collect()
}

pub(super) fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

pub(super) fn letters_and_digits(rng: &mut Rng, length: usize) -> String {
    of(rng, &format!("{SMALL}{LARGE}{DIGITS}"), length)
}

pub(super) fn hex(rng: &mut Rng, length: usize) -> String {
    of(rng, HEX, length)
}

pub(super) const WORDS: &[&str] = &[
    "correct", "horse", "battery", "staple", "summer", "tiger", "dragon", "purple", "monkey", "shadow", "winter",
    "river", "cobalt", "maple", "hunter", "magnet",
];

/// What people and machines choose. Some have blanks, which only quotes can hold.
fn password(rng: &mut Rng, is_quoted: bool) -> String {
    let length = rng.usize(8..24);
    match rng.u8(..if is_quoted { 9 } else { 8 }) {
        0 => format!("{}{}", one(rng, WORDS), rng.u16(1..9999)),
        1 => format!("{}{}{}!", one(rng, WORDS), one(rng, WORDS), rng.u16(1..99)),
        2 => one(rng, WORDS).to_owned() + one(rng, WORDS),
        3 => of(rng, DIGITS, length),
        4 | 5 => letters_and_digits(rng, length),
        6 => of(rng, &format!("{SMALL}{LARGE}{DIGITS}{MARKS}"), length),
        7 => of(rng, &format!("{SMALL}{LARGE}{DIGITS}{SMALL}{ALL_MARKS}"), length),
        _ => format!("{} {} {}", one(rng, WORDS), one(rng, WORDS), one(rng, WORDS)),
    }
}

/// Keys and tokens that have no form of their own.
pub(super) fn key(rng: &mut Rng) -> String {
    let length = rng.usize(12..48);
    match rng.u8(..5) {
        0 => hex(rng, length + length % 2),
        1 => letters_and_digits(rng, length),
        2 => of(rng, &format!("{SMALL}{LARGE}{DIGITS}-_"), length),
        3 => of(rng, &format!("{SMALL}{LARGE}{DIGITS}+/"), length) + "==",
        _ => format!("{}-{}-{}-{}-{}", hex(rng, 8), hex(rng, 4), hex(rng, 4), hex(rng, 4), hex(rng, 12)),
    }
}

const OF_PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "secret password",
    "root password",
    "admin pass",
    "login pwd",
    "new password",
];
const OF_KEYS: &[&str] = &[
    "secret",
    "token",
    "api key",
    "client secret",
    "access token",
    "refresh token",
    "secret key",
    "private key",
    "auth token",
    "session token",
    "secret access key",
    "encryption key",
    "webhook secret",
    "signing key",
    "id token",
    "csrf token",
    "bearer token",
    "account key",
    "app secret",
    "jwt secret",
    "master key",
];
const OWNERS: &[&str] =
    &["", "", "db ", "app ", "user ", "smtp ", "redis ", "github ", "aws ", "stripe ", "mysql ", "prod "];

/// The same name in one of the usual styles: `dbPassword`, `DB_PASSWORD`, `db-password`.
fn styled(rng: &mut Rng, words: &str) -> String {
    let capital = |word: &str| {
        word.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>()
    };
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    match rng.u8(..7) {
        0 | 1 => words.join("_"),
        2 => words.join("_").to_uppercase(),
        3 => words
            .iter()
            .enumerate()
            .map(|(at, word)| if at == 0 { (*word).to_owned() } else { capital(word) })
            .collect(),
        4 => words.iter().map(|word| capital(word)).collect(),
        5 => words.join("-"),
        _ => words.join("."),
    }
}

/// A secret with a name, in a record with other fields, as one of the writers prints it.
fn named(rng: &mut Rng, writer: &Writer) -> Case {
    let owner = one(rng, OWNERS);
    let (words, secret) =
        if rng.bool() { (one(rng, OF_PASSWORDS), password(rng, writer.quotes)) } else { (one(rng, OF_KEYS), key(rng)) };
    let secret = if writer.can_hold(&secret) { secret } else { letters_and_digits(rng, 14) };
    let name = styled(rng, &format!("{owner}{words}"));
    let mut fields =
        vec![Field::plain("user", "app"), Field::plain("region", "eu-west-1"), Field::plain("retries", "3")];
    fields.truncate(rng.usize(1..4));
    fields.insert(rng.usize(..=fields.len()), Field { name, value: secret.clone() });
    let (text, written) = (writer.write)(&fields, &secret);
    Case { form: writer.name, line: surrounded(rng, &text), secret: written }
}

/// Log lines have something before and behind.
pub(super) fn surrounded(rng: &mut Rng, text: &str) -> String {
    match rng.u8(..5) {
        0 => text.to_owned(),
        1 => format!("[ERROR] 2025-03-01T10:00:00.123Z e11db634-ef8a-4258-9d46-0b5e878cd834 connect failed {text}"),
        2 => format!("{text} after 30.03 seconds"),
        3 => format!("INFO config {text}"),
        _ => format!("botocore.exceptions.ClientError: request was {text} (try 2 of 3)"),
    }
}

/// Tokens as the services hand them out, each with its own form, in a sentence that does not name them.
fn token(rng: &mut Rng) -> Case {
    let text = |rng: &mut Rng, length: usize| letters_and_digits(rng, length);
    let url_text = |rng: &mut Rng, length: usize| of(rng, &format!("{SMALL}{LARGE}{DIGITS}-_"), length);
    let (form, secret) = match rng.u8(..32) {
        0 => ("github", format!("{}_{}", one(rng, &["ghp", "gho", "ghu", "ghs", "ghr"]), text(rng, 36))),
        1 => ("github fine-grained", format!("github_pat_{}_{}", text(rng, 22), text(rng, 59))),
        2 => ("gitlab", format!("glpat-{}", url_text(rng, 20))),
        3 => ("npm", format!("npm_{}", text(rng, 36))),
        4 => ("pypi", format!("pypi-AgEIcHlwaS5vcmc{}", url_text(rng, 60))),
        5 => ("stripe", format!("{}_{}_{}", one(rng, &["sk", "rk"]), one(rng, &["live", "test"]), text(rng, 24))),
        6 => ("stripe webhook", format!("whsec_{}", text(rng, 32))),
        7 => ("twilio key", format!("SK{}", hex(rng, 32))),
        8 => ("sendgrid", format!("SG.{}.{}", url_text(rng, 22), url_text(rng, 43))),
        9 => ("slack bot", format!("xoxb-{}-{}-{}", of(rng, DIGITS, 12), of(rng, DIGITS, 12), text(rng, 24))),
        10 => (
            "slack user",
            format!("xoxp-{}-{}-{}-{}", of(rng, DIGITS, 12), of(rng, DIGITS, 12), of(rng, DIGITS, 12), hex(rng, 32)),
        ),
        11 => ("google key", format!("AIza{}", url_text(rng, 35))),
        12 => ("google oauth", format!("GOCSPX-{}", url_text(rng, 28))),
        13 => ("google access", format!("ya29.a0{}", url_text(rng, 60))),
        14 => ("azure", format!("{}8Q~{}", text(rng, 3), of(rng, &format!("{SMALL}{LARGE}{DIGITS}-_.~"), 33) + "x")),
        15 => ("openai", format!("sk-proj-{}T3BlbkFJ{}", url_text(rng, 20), url_text(rng, 20))),
        16 => ("openai legacy", format!("sk-{}T3BlbkFJ{}", text(rng, 20), text(rng, 20))),
        17 => ("anthropic", format!("sk-ant-api03-{}AA", url_text(rng, 93))),
        18 => ("digitalocean", format!("dop_v1_{}", hex(rng, 64))),
        19 => ("docker", format!("dckr_pat_{}", url_text(rng, 27))),
        20 => ("hugging face", format!("hf_{}", of(rng, &format!("{SMALL}{LARGE}"), 34))),
        21 => ("aws key id", format!("{}{}", one(rng, &["AKIA", "ASIA"]), of(rng, &format!("{LARGE}234567"), 16))),
        22 => ("aws secret", of(rng, &format!("{SMALL}{LARGE}{DIGITS}+/"), 40)),
        23 => ("json web token", format!("eyJ{}.eyJ{}.{}", url_text(rng, 33), url_text(rng, 60), url_text(rng, 43))),
        24 => ("shopify", format!("shpat_{}", hex(rng, 32))),
        25 => ("mailchimp", format!("{}-us{}", hex(rng, 32), rng.u8(1..21))),
        26 => ("telegram", format!("{}:AA{}", of(rng, "123456789", 10), url_text(rng, 33))),
        27 => ("vault", format!("hvs.{}", url_text(rng, 90))),
        28 => ("private key", key64(rng, 18)),
        30 => {
            let length = rng.usize(32..65);
            ("token for addresses", url_text(rng, length))
        }
        29 => (
            "slack webhook",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                of(rng, LARGE, 8),
                of(rng, LARGE, 10),
                text(rng, 24)
            ),
        ),
        _ => (
            "discord webhook",
            format!("https://discord.com/api/webhooks/{}/{}", of(rng, "123456789", 18), url_text(rng, 68)),
        ),
    };
    let text = match form {
        "private key" => {
            format!("-----BEGIN PRIVATE KEY-----\n{}\n{secret}==\n-----END PRIVATE KEY-----\n", key64(rng, 64))
        }
        _ => secret.clone(),
    };
    let line = match rng.u8(..6) {
        0 => format!("request with {text} was refused"),
        1 => format!("ValueError: {}", python(&text)),
        2 => format!("{{\"value\":{},\"n\":1}}", json(&text)),
        3 => format!("args: [\"-x\", {}]", json(&text)),
        4 => format!("using {text}"),
        _ => format!("x={text}, y=2"),
    };
    Case { form, line, secret }
}

pub(super) fn key64(rng: &mut Rng, length: usize) -> String {
    of(rng, &format!("{SMALL}{LARGE}{DIGITS}+/"), length)
}

/// Users and passwords in addresses, with what programs say around them.
fn address(rng: &mut Rng) -> Case {
    let secret = password(rng, false);
    let written = percent(&secret);
    let scheme = one(
        rng,
        &["postgres", "postgresql", "mysql", "mongodb+srv", "redis", "amqp", "https", "smtp", "jdbc:postgresql"],
    );
    let user = one(rng, &["app", "root", "", "svc-orders", "jin%40example.com"]);
    let line = format!("could not connect to {scheme}://{user}:{written}@db7.example.net:5432/app?x=1");
    Case { form: "address", line: surrounded(rng, &line), secret: written }
}

/// Signatures and tokens in the query of an address.
fn query(rng: &mut Rng) -> Case {
    let (name, secret) = match rng.u8(..7) {
        0 => ("X-Amz-Signature", hex(rng, 64)),
        1 => ("X-Amz-Security-Token", percent(&(key64(rng, 120) + "=="))),
        2 => ("sig", percent(&(key64(rng, 43) + "="))),
        3 => ("access_token", key(rng)),
        4 => ("code", letters_and_digits(rng, 24)),
        5 => ("Signature", of(rng, &format!("{SMALL}{LARGE}{DIGITS}-~"), 60) + "__"),
        _ => ("password", percent(&password(rng, false))),
    };
    let line = match rng.u8(..3) {
        0 => format!("GET https://b.example.com/a/k.png?n=1&{name}={secret}&z=2 403"),
        1 => format!("GET /a?{name}={secret} HTTP/1.1"),
        _ => format!("redirect to {}", json(&format!("https://b.example.com/a?{name}={secret}"))),
    };
    Case { form: "query", line, secret }
}

/// Numbers that belong to people, with true check digits.
fn number(rng: &mut Rng) -> Case {
    let (form, secret) = match rng.u8(..4) {
        0 => {
            let mut digits: Vec<u8> =
                one(rng, &["4", "51", "55", "34", "37", "6011", "3530"]).bytes().map(|byte| byte - b'0').collect();
            let length = if digits.starts_with(&[3, 4]) || digits.starts_with(&[3, 7]) { 15 } else { 16 };
            digits.extend((digits.len()..length - 1).map(|_| rng.u8(..10)));
            let sum: u32 = digits
                .iter()
                .rev()
                .enumerate()
                .map(|(at, digit)| u32::from(*digit) * if at % 2 == 0 { 2 } else { 1 })
                .map(|sum| sum / 10 + sum % 10)
                .sum();
            digits.push(u8::try_from((10 - sum % 10) % 10).unwrap());
            let text: String = digits.iter().map(ToString::to_string).collect();
            ("card", if length == 16 && rng.bool() { grouped(&text) } else { text })
        }
        1 => (
            "resident number",
            format!(
                "{:02}{:02}{:02}-{}{}",
                rng.u8(40..99),
                rng.u8(1..13),
                rng.u8(1..29),
                rng.u8(1..5),
                of(rng, DIGITS, 6)
            ),
        ),
        2 => (
            "phone number",
            format!("010{0}{1}{0}{2}", one(rng, &["-", "-", "", " "]), of(rng, "23456789", 4), of(rng, DIGITS, 4)),
        ),
        _ => ("mail address", format!("{}.{}@{}.co.kr", one(rng, WORDS), one(rng, WORDS), one(rng, WORDS))),
    };
    let line = match rng.u8(..4) {
        0 => format!("payment of {secret} failed"),
        1 => format!("{{\"value\":\"{secret}\"}}"),
        2 => format!("ValueError: '{secret}'"),
        _ => format!("customer={secret}, n=1"),
    };
    Case { form, line, secret }
}

/// In groups of four, as on the card.
fn grouped(digits: &str) -> String {
    let groups: Vec<String> =
        digits.chars().collect::<Vec<_>>().chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

/// So many cases of all forms.
pub(crate) fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut rng = Rng::with_seed(seed);
    (0..count)
        .map(|at| match at % 12 {
            0 => address(&mut rng),
            1 => query(&mut rng),
            2 => token(&mut rng),
            3 => number(&mut rng),
            4 => requests::headers(&mut rng),
            5 => requests::command(&mut rng),
            6 => requests::sentence(&mut rng),
            7 => requests::connection_string(&mut rng),
            _ => named(&mut rng, &WRITERS[at / 12 % WRITERS.len()]),
        })
        .collect()
}
