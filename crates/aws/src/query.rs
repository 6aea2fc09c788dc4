//! A client for AWS's Query protocol (form in, XML out) of RDS, EC2 and Elastic Load Balancing. Their SDK
//! crates take minutes to compile for the few describe calls that are needed.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html>

use std::sync::Arc;

use aws_sigv4::http_request::SigningSettings;
use model::call_failure::CallFailure;
use reqwest::{Method, Url};
use serde::Deserialize;

use super::failure::refused;
use super::signed::{Named, SignedClient, Try, Unsigned, domain};
use super::{ResultPage, paging};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A service with the Query protocol.
#[derive(Debug)]
pub(super) struct QueryService {
    /// Its name in IAM, in signatures and in its own address.
    pub(super) name: &'static str,
    /// Its id in the SDK's settings of endpoints: `AWS_ENDPOINT_URL_<ID>`, or `endpoint_url` of the profile.
    pub(super) id: &'static str,
    /// The version of its interface that is spoken.
    pub(super) version: &'static str,
    /// Which parameter the token of the next page goes into.
    pub(super) token: &'static str,
}

/// One call: service, action and parameters.
pub(super) struct QueryCall<'a> {
    pub(super) service: &'static QueryService,
    pub(super) action: &'static str,
    pub(super) parameters: &'a [(&'a str, &'a str)],
    /// For people.
    pub(super) resource: &'a str,
}

impl QueryCall<'_> {
    /// As in an IAM policy: `rds:DescribeDBInstances`.
    fn name(&self) -> String {
        format!("{}:{}", self.service.name, self.action)
    }
}

/// Posts forms and reads XML.
pub(super) struct QueryClient {
    client: Arc<SignedClient>,
}

impl QueryClient {
    pub(super) fn new(client: Arc<SignedClient>) -> Self {
        Self { client }
    }

    /// All pages of an answer; `read` understands one.
    pub(super) async fn pages<T>(
        &self,
        call: &QueryCall<'_>,
        read: fn(&str) -> Result<ResultPage<T>, quick_xml::DeError>,
    ) -> Result<Vec<T>, CallFailure> {
        let name = call.name();
        let named = Named { call: &name, resource: call.resource };
        let page = |token: Option<String>| async move {
            let text = self.client.tries(|| self.try_once(call, named, token.as_deref())).await?;
            read(&text).map_err(|error| named.unreadable(error.to_string()))
        };
        paging::all(named.call, named.resource, page).await
    }

    async fn try_once(&self, call: &QueryCall<'_>, named: Named<'_>, token: Option<&str>) -> Result<String, Try> {
        let region = self.client.region(named).map_err(Try::last)?;
        let url = self.endpoint(call.service, &region).map_err(|why| Try::last(named.not_made(&why)))?;
        // The form, written as the query of an address.
        let mut form = url.clone();
        let pairs = [("Action", call.action), ("Version", call.service.version)]
            .into_iter()
            .chain(call.parameters.iter().copied());
        form.query_pairs_mut().clear().extend_pairs(pairs.chain(token.map(|token| (call.service.token, token))));
        let request = Unsigned {
            service: call.service.name,
            region: &region,
            method: Method::POST,
            url,
            headers: &[("content-type", FORM)],
            body: form.query().unwrap_or_default().as_bytes().to_vec(),
            settings: SigningSettings::default(),
            limit: Some(self.client.one_try),
        };
        let answer = self.client.send(named, request).await.map_err(Try::last)?;
        let status = answer.status().as_u16();
        let text = self.client.text(named, answer).await.map_err(Try::last)?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        Err(self.client.refused(refusal(named.call, named.resource, status, &text), status).await)
    }

    /// Where a service is.
    fn endpoint(&self, service: &QueryService, region: &str) -> Result<Url, String> {
        let address = self
            .client
            .endpoint(service.id)
            .unwrap_or_else(|| format!("https://{}.{region}.{}/", service.name, domain(region)));
        Url::parse(&address)
            .map_err(|error| format!("the endpoint `{address}` of {} is not a valid URL: {error}", service.name))
    }
}

/// Both forms of a refusal: `ErrorResponse/Error` of RDS and Elastic Load Balancing, `Response/Errors/Error` of EC2.
#[derive(Debug, Default, Deserialize)]
struct ErrorResponse {
    #[serde(rename = "Error")]
    error: Option<ErrorElement>,
    #[serde(rename = "Errors")]
    errors: Option<ErrorList>,
}

#[derive(Debug, Deserialize)]
struct ErrorList {
    #[serde(rename = "Error")]
    error: Option<ErrorElement>,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorElement {
    #[serde(rename = "Code", default)]
    code: String,
    #[serde(rename = "Message", default)]
    message: String,
}

/// The failure of a call, by an answer in XML.
pub(super) fn refusal(call: &str, resource: &str, status: u16, text: &str) -> CallFailure {
    let read: ErrorResponse = quick_xml::de::from_str(text).unwrap_or_default();
    let words = read.error.or(read.errors.and_then(|errors| errors.error)).unwrap_or_default();
    refused(call, resource, status, &words.code, &words.message)
}

#[cfg(test)]
mod tests;
