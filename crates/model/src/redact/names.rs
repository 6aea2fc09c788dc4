//! Which names stand before a secret: `DB_PASSWORD`, `clientSecret`, `X-Api-Key`.

use super::words::{
    ABOUT, KEY_OF, OF_HASHES, OTHER_ENDINGS, OTHER_PASSES, OWNERS_OF_PASSWORDS, OWNERS_OF_TOKENS, STATED,
};

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A password: any value is one, also a number.
    Password,
    /// The same of several words.
    Phrase,
    /// A key, a secret, credentials.
    Secret,
    /// A token: but parsers and language models have tokens, too.
    Token,
    /// `Authorization` and `Cookie`: the value has several words.
    Header,
    /// Numbers of them are counted: `tokens: 512`.
    Plural,
    /// Only a value that looks random is secret: `signature`, `session`, `code`.
    Suspect,
    /// A short secret that has digits: `pin`, `cvv`, `otp`.
    Digits,
    /// A list of words: `mnemonic`, which processors have, too.
    Words,
    /// The name of an error: only a value with letters and digits is secret.
    Stated,
}

/// Words of other languages that are a name as a whole.
const FOREIGN: &[&str] = &[
    "비밀번호",
    "패스워드",
    "암호",
    "비번",
    "주민등록번호",
    "주민번호",
    "인증번호",
    "인증키",
    "계좌번호",
    "카드번호",
    "보안코드",
    "토큰",
    "시크릿",
    "パスワード",
    "暗証番号",
    "密码",
    "密碼",
    "contraseña",
    "пароль",
];

/// What Korean and Japanese put behind a name in a sentence: `비밀번호는 ..`.
const PARTICLES: &[&str] = &["는", "은", "가", "이", "를", "을", "は", "が", "を"];

/// What the name stands before, if it is anything secret. Names may have parts and endings:
/// `spring.datasource.password`, `password2`.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    if !name.is_ascii() {
        let name = name.to_lowercase();
        let is_name = |name: &str| FOREIGN.iter().any(|word| name.ends_with(word));
        let is_subject = || PARTICLES.iter().filter_map(|particle| name.strip_suffix(particle)).any(is_name);
        return (is_name(&name) || is_subject()).then_some(Kind::Password);
    }
    let words = words(last_part(name));
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let (at, kind) = (0..words.len()).rev().find_map(|at| {
        let before = at.checked_sub(1).map_or("", word);
        Some((at, noun(before, word(at))?))
    })?;
    let after = words.get(at + 1..).unwrap_or_default();
    let is_about =
        |word: &String| ABOUT.contains(&word.as_str()) || (kind == Kind::Suspect && OF_HASHES.contains(&word.as_str()));
    let is_session_id = word(at) == "session" && after == ["id"];
    if after.iter().any(is_about) && !is_session_id {
        return None;
    }
    let before = words.get(..at).unwrap_or_default();
    let is_stated = before.iter().any(|word| STATED.contains(&word.as_str()));
    Some(if is_stated && kind != Kind::Suspect { Kind::Stated } else { kind })
}

/// Of `spring.datasource.password` the last part; of `jwt.secret.key` the last two, since `key` alone says nothing.
fn last_part(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let Some((before, last)) = name.rsplit_once('.') else {
        return name;
    };
    let says_nothing =
        matches!(last, "key" | "value" | "sid" | "default") || last.bytes().all(|byte| byte.is_ascii_digit());
    if !says_nothing {
        return last;
    }
    let start = before.rfind('.').map_or(0, |dot| dot + 1);
    name.get(start..).unwrap_or(last)
}

/// The words of a name in lower case: those of `clientSecret2` are `client`, `secret` and `2`.
fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    let mut last = ' ';
    for (at, character) in characters.iter().copied().enumerate() {
        let next_is_lower = characters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let starts = match character {
            'A'..='Z' => {
                last.is_ascii_lowercase() || last.is_ascii_digit() || (last.is_ascii_uppercase() && next_is_lower)
            }
            'a'..='z' => last.is_ascii_digit(),
            '0'..='9' => last.is_ascii_alphabetic(),
            _ => true,
        };
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_ascii_alphanumeric()) {
            word.push(character.to_ascii_lowercase());
        }
        last = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a word is, with the word before it.
fn noun(before: &str, word: &str) -> Option<Kind> {
    let kind = match (before, word) {
        ("card" | "resident" | "registration", "number") => Kind::Password,
        ("security" | "verification" | "otp" | "pin" | "mfa" | "sms" | "login", "code")
        | ("recovery" | "backup" | "scratch", "code" | "codes")
        | ("de", "passe") => Kind::Password,
        ("seed" | "recovery" | "pass" | "secret", "phrase") | (_, "seedphrase") => Kind::Phrase,
        (_, "mnemonic") => Kind::Words,
        (_, "pin" | "otp" | "totp" | "cvv" | "cvc") => Kind::Digits,
        (
            _,
            "pw" | "psw" | "rrn" | "ssn" | "jumin" | "cardnumber" | "cardno" | "requirepass" | "masterauth"
            | "motdepasse",
        ) => Kind::Password,
        (owner, "pat") if OWNERS_OF_TOKENS.contains(&owner) => Kind::Token,
        ("redis", "auth") | ("code", "verifier") | ("client", "assertion") | ("saml", "response" | "assertion") => {
            Kind::Token
        }
        ("kms" | "secret" | "key", "plaintext") => Kind::Secret,
        ("amz" | "goog", "signature") | ("access", "signature") | (_, "sharedaccesssignature") => Kind::Secret,
        (_, "credential" | "credentials" | "cred" | "creds") => Kind::Secret,
        (key_of, "key" | "keys") if KEY_OF.contains(&key_of) => Kind::Secret,
        ("authorization" | "auth", "code") => Kind::Token,
        (_, "authorization" | "cookie" | "cookies") => Kind::Header,
        (_, "jwt" | "csrf" | "xsrf" | "sas" | "phpsessid" | "jsessionid" | "sessid" | "bearer") => Kind::Token,
        (
            _,
            "signature" | "sig" | "sign" | "hmac" | "session" | "sessionid" | "sid" | "auth" | "key" | "code" | "pat"
            | "ticket" | "assertion",
        ) => Kind::Suspect,
        _ => glued(word)?,
    };
    Some(kind)
}

/// What a word is that is written without a gap: `pgpassword`, `clientsecret`, `authtoken`.
fn glued(word: &str) -> Option<Kind> {
    for (stem, kind) in [
        ("password", Kind::Password),
        ("passwd", Kind::Password),
        ("passphrase", Kind::Phrase),
        ("passcode", Kind::Password),
        ("passwort", Kind::Password),
        ("secret", Kind::Secret),
        ("apikey", Kind::Secret),
    ] {
        if let Some(rest) = word.split_once(stem).map(|(_, rest)| rest) {
            let is_other = OTHER_ENDINGS.iter().any(|ending| rest.starts_with(ending))
                || ABOUT.contains(&rest.trim_start_matches('s'));
            return (!is_other).then_some(kind);
        }
    }
    let is_glued_pw = word.strip_suffix("pw").is_some_and(|owner| OWNERS_OF_PASSWORDS.contains(&owner));
    if (word.ends_with("pass") && !OTHER_PASSES.contains(&word)) || word.ends_with("pwd") || is_glued_pw {
        return Some(Kind::Password);
    }
    if let Some(before) = word.strip_suffix("key").or(word.strip_suffix("keys")) {
        return KEY_OF.iter().any(|key_of| before.ends_with(key_of) && key_of.len() > 3).then_some(Kind::Secret);
    }
    match word {
        _ if word.ends_with("token") => Some(Kind::Token),
        _ if word.ends_with("tokens") => Some(Kind::Plural),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_its_value_is() {
        for (names, kind) in [
            (
                "password Password DB_PASSWORD dbPassword PGPASSWORD userPwd smtp_pass password2 newPasswordConfirmation MYSQL_ROOT_PASSWORD spring.datasource.password --db-password pw cardNumber 비밀번호 사용자비밀번호는 storepass otp_code bindpw LDAP_BINDPW recovery_code backupCodes パスワード Contraseña",
                Some(Kind::Password),
            ),
            ("seed_phrase keyPassphrase", Some(Kind::Phrase)),
            ("mnemonic walletMnemonic", Some(Kind::Words)),
            ("pin otp cardCvv totp", Some(Kind::Digits)),
            (
                "secret client_secret clientSecret AWS_SECRET_ACCESS_KEY SecretString apiKey apikey X-Api-Key x-functions-key api.key jwt.secret.key AccountKey SharedAccessKey private_key credentials X-Amz-Credential X-Amz-Signature APIKEY OPENAI_API_KEYS accesskey SESSION_SECRET_2 kms_plaintext plaintext_key certKey",
                Some(Kind::Secret),
            ),
            (
                "token access_token refreshToken X-Amz-Security-Token authtoken GITHUB_TOKEN csrfmiddlewaretoken id_token jwt JSESSIONID GH_PAT REDIS_AUTH code_verifier codeVerifier SAMLResponse client_assertion",
                Some(Kind::Token),
            ),
            ("Authorization Proxy-Authorization Cookie Set-Cookie cookies", Some(Kind::Header)),
            ("tokens prompt_tokens maxTokens", Some(Kind::Plural)),
            ("signature sig session_id sessionId key code ASP.NET_SessionId auth path_pat", Some(Kind::Suspect)),
            ("InvalidPassword missing_token hasPassword", Some(Kind::Stated)),
            (
                "passed PasswordPolicy password_length tokenCount token_type tokenizer secretary SECRET_NAME secretArn secretsmanager token.example.com bypass KeyError key_id AccessKeyId authorizer passwordless TokenExpiredError compass client_assertion_type",
                None,
            ),
        ] {
            for name in names.split(' ') {
                assert_eq!(kind_of(name), kind, "{name}");
            }
        }
    }
}
