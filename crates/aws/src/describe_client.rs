//! Sends the calls of [`DescribeApi`] with the signed client.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sigv4::http_request::SigningSettings;
use model::call_failure::CallFailure;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde_json::Value;

use super::describing::{DescribeApi, DescribeCall, DescribeRequest, DescribeService};
use super::failure::refused;
use super::query::refusal;
use super::signed::{Named, SignedClient, Try, Unsigned, domain};

/// The client of the describing calls.
pub(super) struct DescribeClient {
    client: Arc<SignedClient>,
}

impl DescribeClient {
    pub(super) fn new(client: Arc<SignedClient>) -> Self {
        Self { client }
    }

    async fn try_once(&self, call: &DescribeCall, named: Named<'_>) -> Result<String, Try> {
        let own = self.client.region(named).map_err(Try::last)?;
        let (region, usual) = place(call.service, &own);
        let address = self.client.endpoint(call.service.id).unwrap_or(usual);
        let not_a_url = |error| {
            Try::last(
                named.not_made(&format!("the endpoint `{address}` of {} is not a valid URL: {error}", call.service.id)),
            )
        };
        let mut url = Url::parse(&address).map_err(not_a_url)?;
        let target = format!("{}.{}", call.service.target, call.operation());
        let (method, headers, body) = match &call.request {
            DescribeRequest::Get { path, query } => {
                let start = url.path().trim_end_matches('/').to_owned();
                url.set_path(&format!("{start}{path}"));
                if !query.is_empty() {
                    url.set_query(Some(&written(query)));
                }
                (Method::GET, vec![("accept", "application/json")], vec![])
            }
            DescribeRequest::Post(body) => (
                Method::POST,
                vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())],
                body.clone().into_bytes(),
            ),
        };
        let request = Unsigned {
            service: call.service.name,
            region: &region,
            method,
            url,
            headers: &headers,
            body,
            settings: SigningSettings::default(),
            limit: Some(self.client.one_try),
        };
        let answer = self.client.send(named, request).await.map_err(Try::last)?;
        let (status, code) = (answer.status().as_u16(), header_code(answer.headers()));
        let text = self.client.text(named, answer).await.map_err(Try::last)?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let failure = match call.service.is_global {
            true => refusal(named.call, named.resource, status, &text),
            false => {
                let (found, message) = refusal_words(code, &text);
                refused(named.call, named.resource, status, &found, &message)
            }
        };
        Err(self.client.refused(failure, status).await)
    }
}

#[async_trait]
impl DescribeApi for DescribeClient {
    async fn ask(&self, call: &DescribeCall) -> Result<String, CallFailure> {
        let named = Named { call: call.action, resource: &call.resource };
        self.client.tries(|| self.try_once(call, named)).await
    }
}

/// The region that signs, and the usual address.
fn place(service: &DescribeService, region: &str) -> (String, String) {
    if !service.is_global {
        return (region.to_owned(), format!("https://{}.{region}.{}", service.name, domain(region)));
    }
    // <https://docs.aws.amazon.com/general/latest/gr/r53.html>
    let (signs, start, end) = match region {
        region if region.starts_with("cn-") => ("cn-northwest-1", "", "amazonaws.com.cn"),
        region if region.starts_with("us-gov-") => ("us-gov-west-1", ".us-gov", "amazonaws.com"),
        _ => ("us-east-1", "", "amazonaws.com"),
    };
    (signs.to_owned(), format!("https://{}{start}.{end}", service.name))
}

/// A query with everything encoded that is not a letter, a digit or `-_.~`: what is signed is what is sent.
fn written(query: &[(&'static str, String)]) -> String {
    let pair = |(name, value): &(&'static str, String)| format!("{name}={}", super::describing::in_path(value));
    query.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The error code in a header, as REST-JSON has it: `ResourceNotFoundException:http://...`.
fn header_code(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-amzn-errortype")?.to_str().ok()?;
    Some(text.split(':').next().unwrap_or(text).to_owned())
}

/// The code and the message of a refusal: the code is in a header, or in the body with or without a namespace.
fn refusal_words(header: Option<String>, text: &str) -> (String, String) {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let word = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str()).unwrap_or_default().to_owned();
    let code = header.unwrap_or_else(|| {
        let code = word(&["__type", "code", "Code"]);
        code.rsplit('#').next().unwrap_or(&code).to_owned()
    });
    (code, word(&["message", "Message"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describing::{DNS, HTTP_APIS, LAMBDA};

    #[test]
    fn a_service_is_where_its_partition_has_it() {
        for (service, region, expected) in [
            (&LAMBDA, "us-east-1", ("us-east-1", "https://lambda.us-east-1.amazonaws.com")),
            (&HTTP_APIS, "cn-north-1", ("cn-north-1", "https://apigateway.cn-north-1.amazonaws.com.cn")),
            (&DNS, "ap-northeast-2", ("us-east-1", "https://route53.amazonaws.com")),
            (&DNS, "cn-north-1", ("cn-northwest-1", "https://route53.amazonaws.com.cn")),
            (&DNS, "us-gov-east-1", ("us-gov-west-1", "https://route53.us-gov.amazonaws.com")),
        ] {
            let (signs, address) = place(service, region);
            assert_eq!((signs.as_str(), address.as_str()), expected);
        }
    }

    #[test]
    fn a_refusal_is_read_from_the_header_or_from_the_body() {
        for (header, body, expected) in [
            (Some("ResourceNotFoundException"), r#"{"Message":"gone"}"#, ("ResourceNotFoundException", "gone")),
            (
                None,
                r#"{"__type":"com.amazonaws#ThrottlingException","message":"slow"}"#,
                ("ThrottlingException", "slow"),
            ),
            (None, r#"{"code":"NotFoundException"}"#, ("NotFoundException", "")),
            (None, "<html>", ("", "")),
        ] {
            let (code, message) = refusal_words(header.map(str::to_owned), body);
            assert_eq!((code.as_str(), message.as_str()), expected, "{body}");
        }
    }
}
