//! Requests that are signed here, for the services whose SDK crates take minutes to compile for the few calls that are
//! wanted.
//!
//! Credentials, region and endpoints come from the SDK's configuration.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use reqwest::{Client, Method, Response, Url, redirect};
use tokio::sync::Mutex;

use super::failure::{before_an_answer, no_region, not_made, of_request, unreadable};
use clock::Clock;
use model::call_failure::{CallFailure, FailureKind};

/// The most tries of a call that AWS, or the connection, failed.
const MAX_TRIES: u32 = 3;
/// More of an answer is not read as text, in bytes: the largest page holds 1,000 volumes or objects of a few KB.
const MOST_READ: usize = 16 * 1024 * 1024;
/// Credentials that end sooner are not used any more.
const SPARE: Duration = Duration::from_secs(300);

/// What fails one try of a call.
pub(super) struct Try {
    /// Another try may help.
    pub(super) again: bool,
    pub(super) failure: CallFailure,
}

impl Try {
    /// A failure that another try does not change.
    pub(super) fn last(failure: CallFailure) -> Self {
        Self { again: false, failure }
    }
}

/// A call for people: its name as in an IAM policy, and what it is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) call: &'a str,
    pub(super) resource: &'a str,
}

impl Named<'_> {
    /// A call that this machine could not make.
    pub(super) fn not_made(self, why: &str) -> CallFailure {
        not_made(self.call, self.resource, why)
    }

    /// A call whose answer makes no sense.
    pub(super) fn unreadable(self, what: String) -> CallFailure {
        unreadable(self.call, self.resource, what)
    }

    /// A call without a whole answer.
    pub(super) fn without_an_answer(self, error: reqwest::Error) -> CallFailure {
        of_request(self.call, self.resource, &error.without_url())
    }
}

/// A request before it is signed.
pub(super) struct Unsigned<'a> {
    /// The service's name in signatures.
    pub(super) service: &'static str,
    pub(super) region: &'a str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: Vec<u8>,
    pub(super) settings: SigningSettings,
    /// Within this the whole answer must be here; without it, each part of it within the limit of one try.
    pub(super) limit: Option<Duration>,
}

/// Signs requests and sends them.
pub(super) struct SignedClient {
    /// The reason where no TLS can be set up on this machine.
    http: Result<Client, String>,
    config: SdkConfig,
    clock: Arc<dyn Clock>,
    /// Within this an answer of ordinary size must be here.
    pub(super) one_try: Duration,
    /// Those that were provided last: a role need not be assumed anew for each call.
    credentials: Mutex<Option<Credentials>>,
}

impl SignedClient {
    /// A client under the SDK's configuration. Makes no call yet.
    pub(super) fn new(config: &SdkConfig, clock: Arc<dyn Clock>, connect: Duration, one_try: Duration) -> Self {
        let http = tls::https().map_err(|error| error.to_string()).and_then(|tls| {
            let http = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none());
            let http = http.connect_timeout(connect).read_timeout(one_try);
            http.user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION"))).build().map_err(|error| error.to_string())
        });
        Self { http, config: config.clone(), clock, one_try, credentials: Mutex::default() }
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region of the account.
    pub(super) fn region(&self, named: Named<'_>) -> Result<String, CallFailure> {
        let region = self.config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        region.ok_or_else(|| no_region(named.call, named.resource))
    }

    /// Where the settings send a service, if not to its usual address, by the SDK's own rules: `AWS_ENDPOINT_URL_<ID>`,
    /// `AWS_ENDPOINT_URL`, and `endpoint_url` of the profile.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub(super) fn endpoint(&self, id: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(id).profile("endpoint_url").env("AWS_ENDPOINT_URL").build();
        let single = if self.config.get_origin("endpoint_url").is_client_config() {
            None
        } else {
            key.ok().and_then(|key| self.config.service_config().and_then(|config| config.load_config(key)))
        };
        single.or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    /// Tries a call again, at once, where that may help. A throttled call is not: it needs time, and a source does not
    /// wait.
    pub(super) async fn tries<T, F: Future<Output = Result<T, Try>>>(
        &self,
        once: impl Fn() -> F,
    ) -> Result<T, CallFailure> {
        for _ in 1..MAX_TRIES {
            match once().await {
                Err(Try { again: true, .. }) => {}
                other => return other.map_err(|last| last.failure),
            }
        }
        once().await.map_err(|last| last.failure)
    }

    /// Sends a request. Any answer will do, a refusal too.
    pub(super) async fn send(&self, named: Named<'_>, request: Unsigned<'_>) -> Result<Response, CallFailure> {
        let failed = |why: String| named.not_made(&why);
        let http = self.http.as_ref().map_err(|why| failed(why.clone()))?;
        let credentials =
            self.credentials().await.map_err(|error| before_an_answer(named.call, named.resource, &error))?;
        let signed = signature(&request, credentials, self.clock.now().into()).map_err(failed)?;
        let mut sent = http.request(request.method, request.url).body(request.body);
        if let Some(limit) = request.limit {
            sent = sent.timeout(limit);
        }
        for (name, value) in request.headers {
            sent = sent.header(*name, *value);
        }
        for (name, value) in signed {
            sent = sent.header(name, value);
        }
        sent.send().await.map_err(|error| named.without_an_answer(error))
    }

    /// The whole answer as text. What is not UTF-8 in a refusal is replaced: it is only for people.
    ///
    /// # Errors
    /// If it ends early, is too large, or is a success that is not UTF-8: a name in it would be another one.
    pub(super) async fn text(&self, named: Named<'_>, mut answer: Response) -> Result<String, CallFailure> {
        let is_success = answer.status().is_success();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| named.without_an_answer(error))? {
            if bytes.len() + chunk.len() > MOST_READ {
                return Err(named.unreadable(format!("the response is larger than {} MB", MOST_READ / 1024 / 1024)));
            }
            bytes.extend_from_slice(&chunk);
        }
        text_of(bytes, is_success).map_err(|why| named.unreadable(why))
    }

    /// What a refusal means for the call. Credentials that are refused are not used again.
    pub(super) async fn refused(&self, failure: CallFailure, status: u16) -> Try {
        if failure.kind == FailureKind::BadCredentials {
            *self.credentials.lock().await = None;
        }
        Try { again: status >= 500 && failure.kind != FailureKind::Throttled, failure }
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut known = self.credentials.lock().await;
        let soon = SystemTime::from(self.clock.now()) + SPARE;
        if let Some(credentials) =
            known.as_ref().filter(|credentials| credentials.expiry().is_none_or(|end| end > soon))
        {
            return Ok(credentials.clone());
        }
        let provider: SharedCredentialsProvider =
            self.config.credentials_provider().ok_or_else(|| CredentialsError::not_loaded("no credential provider"))?;
        let provided = provider.provide_credentials().await?;
        Ok(known.insert(provided).clone())
    }
}

/// The headers that sign a request.
pub(super) fn signature(
    request: &Unsigned<'_>,
    credentials: Credentials,
    now: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    let identity = credentials.into();
    let parameters =
        v4::SigningParams::builder().identity(&identity).region(request.region).name(request.service).time(now);
    let parameters = parameters.settings(request.settings.clone()).build().map_err(|error| error.to_string())?.into();
    let body = SignableBody::Bytes(&request.body);
    let signable =
        SignableRequest::new(request.method.as_str(), request.url.as_str(), request.headers.iter().copied(), body);
    let (instructions, _) = sign(signable.map_err(|error| error.to_string())?, &parameters)
        .map_err(|error| error.to_string())?
        .into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The domain that the services of a region's partition are below.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
pub(super) fn domain(region: &str) -> &'static str {
    const PARTITIONS: &[(&str, &str)] = &[
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("amazonaws.com", |(_, domain)| domain)
}

/// The bytes of an answer as text; those of a refusal as far as they are text.
fn text_of(bytes: Vec<u8>, is_success: bool) -> Result<String, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if is_success => Err(format!("the response is not UTF-8: {error}")),
        Err(error) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

#[cfg(test)]
mod tests;
