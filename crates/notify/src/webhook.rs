//! `via.webhook`: posts JSON to any URL, signed according to <https://www.standardwebhooks.com>.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::secret::Secret;
use model::settings::TableReader;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use sha2::Sha256;
use xxhash_rust::xxh3::xxh3_128;

use super::http::{address, client, refusal, send_request};
use super::webhook_json::body;
use super::{DeliveryOutcome, DeliveryRequest, Receiver};

/// The other side may want to do its work before it answers; the specification recommends 15 to 30 s.
const LIMIT: Duration = Duration::from_secs(20);
const CHECK: &str = "check the address";
/// What a secret in the specification's own form begins with.
const PREFIX: &str = "whsec_";

/// The settings of `via.webhook`.
#[derive(Debug, Clone)]
pub struct Webhook {
    url: Secret,
    secret: Option<Secret>,
}

impl Webhook {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        if !settings.has("url") {
            settings.problem(
                "url",
                "`via.webhook` needs `url`",
                "`url` is missing",
                Some("url = { env = \"WEBHOOK_URL\" }".to_owned()),
            );
        }
        let url = settings.secret("url");
        if let Some(why) = url.as_ref().and_then(|url| address(url.reveal()).err()) {
            settings.problem("url", "`url` is not valid", why, None);
        }
        let secret = settings.secret("secret");
        if let Some(why) = secret.as_ref().and_then(|secret| signing_key(secret).err()) {
            settings.problem(
                "secret",
                "`secret` is not valid",
                why,
                Some("expected any text, or whsec_ followed by base64".to_owned()),
            );
        }
        (!settings.failed()).then_some(Self { url: url?, secret })
    }

    pub(super) fn receiver(self) -> Result<WebhookReceiver, String> {
        let key = self.secret.as_ref().map(signing_key).transpose()?;
        Ok(WebhookReceiver { client: client(LIMIT)?, url: address(self.url.reveal())?, key })
    }
}

/// The bytes that are signed with.
fn signing_key(secret: &Secret) -> Result<Vec<u8>, String> {
    let Some(encoded) = secret.reveal().strip_prefix(PREFIX) else { return Ok(secret.reveal().as_bytes().to_vec()) };
    match STANDARD.decode(encoded) {
        Ok(key) if !key.is_empty() => Ok(key),
        _ => Err(format!("the text after {PREFIX} is not base64")),
    }
}

/// A message's id in the headers: the same in every attempt, and without the full stop that separates what is signed.
fn header_id(key: &str) -> String {
    format!("msg_{:032x}", xxh3_128(key.as_bytes()))
}

/// `v1,` and the signature of an attempt; `timestamp` in seconds since 1970.
fn signature(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Result<String, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

pub(super) struct WebhookReceiver {
    client: Client,
    url: Url,
    key: Option<Vec<u8>>,
}

#[async_trait]
impl Receiver for WebhookReceiver {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let body = match body(parcel) {
            Ok(body) => body,
            Err(why) => return DeliveryOutcome::Refused(format!("the message cannot be serialized: {why}")),
        };
        let (id, timestamp) = (header_id(&parcel.key), parcel.attempted.timestamp());
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        request =
            request.header("webhook-id", &id).header("idempotency-key", &id).header("webhook-timestamp", timestamp);
        match self.key.as_ref().map(|key| signature(key, &id, timestamp, &body)) {
            None => {}
            Some(Ok(signature)) => request = request.header("webhook-signature", signature),
            Some(Err(why)) => return DeliveryOutcome::Stopped(format!("the message cannot be signed: {why}")),
        }
        match send_request("the webhook", request.body(body)).await {
            Ok(answer) if answer.status.is_success() => DeliveryOutcome::Delivered(None),
            Ok(answer) => refusal("the webhook", &answer, CHECK),
            Err(outcome) => outcome,
        }
    }

    async fn probe(&self) -> Result<String, String> {
        // Many addresses answer nothing but POST. That something answers is all that can be learnt without posting.
        match send_request("the webhook", self.client.head(self.url.clone())).await {
            Ok(answer) if answer.status.is_server_error() => {
                Err(format!("returns an error (HTTP {})", answer.status.as_u16()))
            }
            Ok(answer) => Ok(format!("reachable (HTTP {} to HEAD)", answer.status.as_u16())),
            Err(
                DeliveryOutcome::Later { why, .. }
                | DeliveryOutcome::Unknown(why)
                | DeliveryOutcome::Refused(why)
                | DeliveryOutcome::Stopped(why),
            ) => Err(why),
            Err(DeliveryOutcome::Delivered(_)) => Ok("reachable".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specifications_own_example() {
        // The test vector of the specification's reference libraries.
        let key = signing_key(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signed =
            signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_text_or_base64_behind_its_prefix() {
        for (secret, key) in [
            ("plain text", Ok(b"plain text".to_vec())),
            ("whsec_AAEC", Ok(vec![0, 1, 2])),
            ("whsec_", Err(())),
            ("whsec_hunter2!", Err(())),
        ] {
            let found = signing_key(&Secret::new(secret));
            assert!(found.as_ref().err().is_none_or(|why| !why.contains("hunter2")), "{found:?}");
            assert_eq!(found.map_err(|_| ()), key, "{secret}");
        }
    }

    #[test]
    fn an_id_in_a_header_is_that_of_its_key_and_safe_there() {
        let ids: Vec<String> =
            ["a/b", "a/b.c", "규칙 1\r\nX: y/firing/1/team", ""].iter().map(|key| header_id(key)).collect();
        assert!(
            ids.iter().all(|id| id.len() == 36 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')),
            "{ids:?}"
        );
        assert!(ids.iter().enumerate().all(|(place, id)| !ids[..place].contains(id)), "{ids:?}");
        assert_eq!(header_id("a/b"), ids[0]);
    }
}
