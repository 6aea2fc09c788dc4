//! The Query protocol of AWS: a form is posted, XML comes back. RDS, EC2 and Elastic Load Balancing still speak it, and their SDK
//! crates take minutes to compile for the few describing calls that are wanted.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html>
//!
//! Credentials, region and endpoints are those of the SDK's own configuration, found by the SDK's own rules.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use chrono::TimeDelta;
use clock::Clock;
use model::call_failure::{CallFailure, FailureKind};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Page;
use super::failure::{answered, before_an_answer, unreadable};

/// A call is tried so often where AWS throttles it or fails itself.
const TRIES: u32 = 3;
/// Before the second try it is waited so long, before the third twice as long.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);
/// Pages of one answer; more are taken for an answer without end.
const MOST_PAGES: usize = 200;
/// More of a page is not read, in bytes: the largest one holds 1,000 volumes of about 1 KB.
const MOST_READ: usize = 16 * 1024 * 1024;
/// Credentials that end sooner are not used any more.
const SPARE: Duration = Duration::from_secs(300);
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A service that speaks the Query protocol.
#[derive(Debug)]
pub(super) struct Service {
    /// Its name in IAM, in signatures and in its own address.
    pub(super) name: &'static str,
    /// Its id in the SDK's settings of endpoints: `AWS_ENDPOINT_URL_<ID>`, or `endpoint_url` of the profile.
    pub(super) id: &'static str,
    /// The version of its interface that is spoken.
    pub(super) version: &'static str,
    /// Which parameter the token of the next page goes into.
    pub(super) token: &'static str,
}

/// One call: the service, the action, and what it is asked about.
pub(super) struct Call<'a> {
    pub(super) service: &'static Service,
    pub(super) action: &'static str,
    pub(super) parameters: &'a [(&'a str, &'a str)],
    /// For people.
    pub(super) resource: &'a str,
}

impl Call<'_> {
    /// As in an IAM policy: `rds:DescribeDBInstances`.
    fn name(&self) -> String {
        format!("{}:{}", self.service.name, self.action)
    }
}

/// Posts forms and reads XML.
pub(super) struct Query {
    /// The reason where no TLS can be set up on this machine.
    http: Result<Client, String>,
    config: SdkConfig,
    clock: Arc<dyn Clock>,
    /// Those that were provided last: a role need not be assumed anew for each call.
    credentials: Mutex<Option<Credentials>>,
}

impl Query {
    /// A client under the SDK's configuration. Makes no call yet.
    pub(super) fn new(config: &SdkConfig, clock: Arc<dyn Clock>, connect: Duration, one_try: Duration) -> Self {
        let http = Client::builder().connect_timeout(connect).timeout(one_try).redirect(redirect::Policy::none());
        let http = http.user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION"))).build().map_err(|error| error.to_string());
        Self { http, config: config.clone(), clock, credentials: Mutex::default() }
    }

    /// All pages of an answer; `read` understands one.
    pub(super) async fn pages<T>(&self, call: &Call<'_>, read: fn(&str) -> Result<Page<T>, quick_xml::DeError>) -> Result<Vec<T>, CallFailure> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let text = self.ask(call, token.as_deref()).await?;
            let page = read(&text).map_err(|error| unreadable(&call.name(), call.resource, error.to_string()))?;
            all.extend(page.items);
            match page.next.filter(|next| !next.is_empty()) {
                None => return Ok(all),
                // A token that comes back unchanged would be asked for ever.
                Some(next) if token.as_ref() == Some(&next) => break,
                next => token = next,
            }
        }
        Err(unreadable(&call.name(), call.resource, "its pages do not end".to_owned()))
    }

    /// One page, tried again where that may help.
    async fn ask(&self, call: &Call<'_>, token: Option<&str>) -> Result<String, CallFailure> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.try_once(call, token).await {
                Err((true, _)) => {
                    self.clock.wait_until(self.clock.now() + wait, false).await;
                    wait = wait * 2;
                }
                other => return other.map_err(|(_, failure)| failure),
            }
        }
        self.try_once(call, token).await.map_err(|(_, failure)| failure)
    }

    /// The error says whether another try may help.
    async fn try_once(&self, call: &Call<'_>, token: Option<&str>) -> Result<String, (bool, CallFailure)> {
        let name = call.name();
        let failed = |chain: &[String]| (false, before_an_answer(&name, call.resource, chain));
        let http = self.http.as_ref().map_err(|why| failed(std::slice::from_ref(why)))?;
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        if region.is_empty() {
            return Err(failed(&["missing region".to_owned()]));
        }
        let url = self.endpoint(call.service, &region).map_err(|why| failed(&[why]))?;
        let credentials = self.credentials().await.map_err(|chain| failed(&chain))?;
        // The form, written as the query of an address.
        let mut form = url.clone();
        let pairs = [("Action", call.action), ("Version", call.service.version)].into_iter().chain(call.parameters.iter().copied());
        form.query_pairs_mut().clear().extend_pairs(pairs.chain(token.map(|token| (call.service.token, token))));
        let body = form.query().unwrap_or_default().to_owned();
        let signed = signature(url.as_str(), body.as_bytes(), credentials, call.service.name, &region, self.clock.now().into());
        let headers = signed.map_err(|why| failed(&[why]))?;
        let mut request = http.post(url).header(CONTENT_TYPE, FORM).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| (false, no_answer(&name, call.resource, error)))?;
        let status = answer.status().as_u16();
        let text = text(answer).await.map_err(|error| (false, no_answer(&name, call.resource, error)))?;
        let Some(text) = text else {
            return Err((false, unreadable(&name, call.resource, format!("it is larger than {} MB", MOST_READ / 1024 / 1024))));
        };
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let failure = refusal(&name, call.resource, status, &text);
        if failure.kind == FailureKind::BadCredentials {
            *self.credentials.lock().await = None;
        }
        Err((status >= 500 || failure.kind == FailureKind::Throttled, failure))
    }

    /// Where a service is, by the SDK's own rules: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    fn endpoint(&self, service: &Service, region: &str) -> Result<Url, String> {
        let key = ServiceConfigKey::builder().service_id(service.id).profile("endpoint_url").env("AWS_ENDPOINT_URL").build();
        let single = if self.config.get_origin("endpoint_url").is_client_config() {
            None
        } else {
            key.ok().and_then(|key| self.config.service_config().and_then(|config| config.load_config(key)))
        };
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let address =
            single.or_else(|| self.config.endpoint_url().map(str::to_owned)).unwrap_or_else(|| format!("https://{}.{region}.{suffix}/", service.name));
        Url::parse(&address).map_err(|error| format!("the endpoint `{address}` of {} is no address: {error}", service.name))
    }

    async fn credentials(&self) -> Result<Credentials, Vec<String>> {
        let mut known = self.credentials.lock().await;
        let soon = SystemTime::from(self.clock.now()) + SPARE;
        if let Some(credentials) = known.as_ref().filter(|credentials| credentials.expiry().is_none_or(|end| end > soon)) {
            return Ok(credentials.clone());
        }
        let provider: SharedCredentialsProvider = self.config.credentials_provider().ok_or_else(|| vec!["no credential provider".to_owned()])?;
        let provided = provider.provide_credentials().await.map_err(|error| {
            let mut chain = vec!["an error occurred while loading credentials".to_owned()];
            chain.extend(super::sdk::chain(&error));
            chain
        })?;
        Ok(known.insert(provided).clone())
    }
}

/// The headers that sign a request.
fn signature(url: &str, body: &[u8], credentials: Credentials, service: &str, region: &str, now: SystemTime) -> Result<Vec<(String, String)>, String> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder().identity(&identity).region(region).name(service).time(now).settings(SigningSettings::default());
    let parameters = parameters.build().map_err(|error| error.to_string())?.into();
    let request = SignableRequest::new("POST", url, std::iter::once(("content-type", FORM)), SignableBody::Bytes(body)).map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| error.to_string())?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The body, or `None` if it is too large.
async fn text(mut answer: reqwest::Response) -> Result<Option<String>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > MOST_READ {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn no_answer(call: &str, resource: &str, error: reqwest::Error) -> CallFailure {
    let timed_out = error.is_timeout() && !error.is_connect();
    let error = error.without_url();
    if timed_out {
        return answered(call, resource, FailureKind::NoAnswer, "no answer in time");
    }
    before_an_answer(call, resource, &super::sdk::chain(&error))
}

/// Both forms of a refusal: `ErrorResponse/Error` of RDS and Elastic Load Balancing, `Response/Errors/Error` of EC2.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(rename = "Error")]
    error: Option<ErrorWords>,
    #[serde(rename = "Errors")]
    errors: Option<Errors>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(rename = "Error")]
    error: Option<ErrorWords>,
}

#[derive(Debug, Deserialize)]
struct ErrorWords {
    #[serde(rename = "Code", default)]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

fn refusal(call: &str, resource: &str, status: u16, text: &str) -> CallFailure {
    let read: Refusal = quick_xml::de::from_str(text).unwrap_or_default();
    match read.error.or(read.errors.and_then(|errors| errors.error)).filter(|words| !words.code.is_empty()) {
        Some(words) => {
            let message = if words.message.is_empty() { "no message" } else { &words.message };
            answered(call, resource, super::failure::classify(&words.code, status), &format!("{}: {message}", words.code))
        }
        None => answered(call, resource, super::failure::classify("", status), &format!("an answer that cannot be read (HTTP {status})")),
    }
}

#[cfg(test)]
mod tests;
