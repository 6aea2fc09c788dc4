//! The secret of Secrets Manager, which contains settings that are not in the environment.
//!
//! Credentials come from the default chain of the SDK. On Lambda they are temporary: a key pair without its session
//! token is refused with `UnrecognizedClientException`.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_sdk_secretsmanager::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use serde_json::{Map, Value};

use super::environment::Environment;

/// The time limit of credentials, connecting and the answer together.
pub const BUDGET: Duration = Duration::from_secs(3);
/// The name of the service in messages.
pub const SERVICE: &str = "Secrets Manager";

/// The default configuration of the SDK. Sends no request yet.
pub fn default_loader() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
}

/// The fields of the secret.
///
/// # Errors
/// A sentence that names the service and the usual cause, without values and names of the account.
pub async fn fetch(loader: ConfigLoader, name: &str, environment: &Environment) -> Result<Map<String, Value>, String> {
    let asked = RequestedHost::default();
    let answer = tokio::time::timeout(BUDGET, ask(loader, name, asked.clone())).await;
    let text = match answer {
        Ok(Ok(text)) => text,
        Ok(Err(failure)) => {
            tracing::error!(hop = SERVICE, secret = name, error = failure.detail, "the secret cannot be read");
            return Err(sentence(&failure.code, &failure.detail, asked.host().as_deref(), environment));
        }
        Err(_) => return Err(no_answer(asked.host().as_deref())),
    };
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        format!("{SERVICE}: the secret is not a JSON object ({place}); write it with double quotes, as the key/value editor of the console does")
    })
}

/// Why the secret was not read.
struct Failure {
    /// The error code of the service; empty when it did not answer.
    code: String,
    /// For the log.
    detail: String,
}

async fn ask(loader: ConfigLoader, name: &str, asked: RequestedHost) -> Result<String, Failure> {
    // A secret in another region must be named by its ARN, which contains the region.
    let region =
        name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).map(|region| Region::new(region.to_owned()));
    let loader = if let Some(region) = region { loader.region(region) } else { loader };
    let config = loader.retry_config(RetryConfig::standard().with_max_attempts(2)).load().await;
    let config = aws_sdk_secretsmanager::config::Builder::from(&config).interceptor(asked).build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    let answer = client.get_secret_value().secret_id(name).send().await.map_err(|error| Failure {
        code: match &error {
            SdkError::ServiceError(answer) => {
                answer.err().code().map_or_else(|| format!("status {}", answer.raw().status().as_u16()), str::to_owned)
            }
            SdkError::ResponseError(answer) => format!("status {}", answer.raw().status().as_u16()),
            _ => String::new(),
        },
        detail: DisplayErrorContext(&error as &dyn Error).to_string(),
    })?;
    let no_text = || Failure { code: "no text".to_owned(), detail: "the secret is binary".to_owned() };
    answer.secret_string().map(str::to_owned).ok_or_else(no_text)
}

fn no_answer(host: Option<&str>) -> String {
    let seconds = BUDGET.as_secs();
    match host {
        Some(host) => format!(
            "{SERVICE}: no answer within {seconds} s from {host}. Usually the function is in a VPC without a route there: give its subnets a NAT \
             gateway or an interface endpoint for secretsmanager, and let its security group out on port 443"
        ),
        None => format!(
            "{SERVICE}: no credentials within {seconds} s. Give the process a role, or AWS_PROFILE; `aws sts get-caller-identity` must answer"
        ),
    }
}

fn sentence(code: &str, detail: &str, host: Option<&str>, environment: &Environment) -> String {
    let host = host.unwrap_or("the endpoint");
    match code {
        "" => before_an_answer(detail, host),
        "AccessDeniedException" | "AccessDenied" => {
            format!(
                "{SERVICE}: {code}. The role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt if the secret has a key of its own"
            )
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "ExpiredTokenException"
        | "IncompleteSignature" => {
            let temporary = environment.get("AWS_ACCESS_KEY_ID").is_some_and(|key| key.starts_with("ASIA"));
            if temporary && environment.get("AWS_SESSION_TOKEN").is_none() {
                format!(
                    "{SERVICE}: {code}. AWS_ACCESS_KEY_ID is a temporary key, and AWS_SESSION_TOKEN is missing: the two only work together"
                )
            } else {
                format!(
                    "{SERVICE}: {code}. The keys are not valid: usually a temporary key without its AWS_SESSION_TOKEN, or old keys in the function's \
                     environment; remove them, and the role's own are used"
                )
            }
        }
        "ResourceNotFoundException" => {
            format!(
                "{SERVICE}: no such secret at {host}. ONESTEP_SECRET_NAME names a secret of another account or region, or is misspelt"
            )
        }
        "no text" => format!("{SERVICE}: the secret is binary; store it as text"),
        _ => format!("{SERVICE}: {host} answered {code}"),
    }
}

/// The message for a request without an answer. The SDK has no codes for these errors, only texts.
fn before_an_answer(detail: &str, host: &str) -> String {
    let words = detail.to_lowercase();
    if words.contains("missing region") || words.contains("region must be set") {
        format!("{SERVICE}: no region is set; set AWS_REGION, or give the secret's ARN")
    } else if words.contains("credential") {
        format!(
            "{SERVICE}: no usable credentials. Give the process a role, or AWS_PROFILE; `aws sts get-caller-identity` must answer"
        )
    } else if words.contains("timeout") || words.contains("timed out") {
        no_answer(Some(host))
    } else {
        format!(
            "{SERVICE}: {host} cannot be reached, or the connection broke off. Its name must resolve, and port 443 must be open from here"
        )
    }
}

/// Records the host of the request, for the message when no answer comes.
#[derive(Debug, Clone, Default)]
struct RequestedHost(Arc<Mutex<Option<String>>>);

impl RequestedHost {
    fn host(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for RequestedHost {
    fn name(&self) -> &'static str {
        "Asked"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_secretsmanager::error::BoxError> {
        // A request was sent, even if its URL cannot be read.
        let url = url::Url::parse(context.request().uri()).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("the endpoint").to_owned();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(host);
        Ok(())
    }
}
