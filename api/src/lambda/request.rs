//! From a request event to a request for the router, and from the router's response to the answer.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use serde::Serialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::event::HttpEvent;

/// The answer in the form of API Gateway and function URLs.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpReply {
    status_code: u16,
    /// Format 2.0: one value for each name.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    /// Format 1.0: all values.
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    /// Format 2.0: the `set-cookie` headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

/// Makes the request for the router.
///
/// # Errors
/// A sentence for the client: the method, the path or the body cannot be read.
pub fn request(event: HttpEvent) -> Result<Request<Body>, String> {
    let method = event.method().unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "The method is not valid.".to_owned())?;
    let uri = uri(&event).ok_or("The path cannot be read.")?;
    let body = match (event.body.as_deref(), event.is_base64_encoded) {
        (None, _) => Bytes::new(),
        (Some(body), Some(true)) => {
            STANDARD.decode(body).map_err(|_| "The body is not valid base64.".to_owned())?.into()
        }
        (Some(body), _) => Bytes::copy_from_slice(body.as_bytes()),
    };
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers(&event);
    Ok(request)
}

/// The path without the stage, and the query, with characters escaped where necessary.
fn uri(event: &HttpEvent) -> Option<Uri> {
    let mut url = Url::parse("http://localhost/").ok()?;
    url.set_path(event.route());
    match &event.raw_query_string {
        Some(query) => url.set_query(Some(query).filter(|query| !query.is_empty()).map(String::as_str)),
        None => {
            let mut query = Serializer::new(String::new());
            match (&event.multi_value_query_string_parameters, &event.query_string_parameters) {
                (Some(all), _) if !all.is_empty() => {
                    for (name, value) in
                        all.iter().flat_map(|(name, values)| values.iter().flatten().map(move |value| (name, value)))
                    {
                        query.append_pair(name, value);
                    }
                }
                (_, single) => {
                    for (name, value) in single.iter().flatten() {
                        query.append_pair(name, value.as_deref().unwrap_or_default());
                    }
                }
            }
            let query = query.finish();
            url.set_query((!query.is_empty()).then_some(&query));
        }
    }
    url.as_str().strip_prefix("http://localhost")?.parse().ok()
}

/// The headers. One that is not a valid HTTP header is left out; no client can send one over HTTP.
fn headers(event: &HttpEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    };
    match (&event.multi_value_headers, &event.headers) {
        (Some(all), _) if !all.is_empty() => {
            for (name, values) in all {
                values.iter().flatten().for_each(|value| add(name, value));
            }
        }
        (_, single) => {
            for (name, value) in single.iter().flatten() {
                value.iter().for_each(|value| add(name, value));
            }
        }
    }
    if let Some(cookies) = event.cookies.as_ref().filter(|cookies| !cookies.is_empty()) {
        add(header::COOKIE.as_str(), &cookies.join("; "));
    }
    headers
}

/// The answer, in the format of the request.
pub async fn reply(response: Response, format_2: bool) -> HttpReply {
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::error!(%error, "the body of the answer broke off");
            return sentence(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.", format_2);
        }
    };
    let (body, is_base64_encoded) = match String::from_utf8(body.into()) {
        Ok(text) => (text, false),
        Err(binary) => (STANDARD.encode(binary.as_bytes()), true),
    };
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in &parts.headers {
        all.entry(name.as_str().to_owned()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let mut reply = HttpReply { status_code: parts.status.as_u16(), body, is_base64_encoded, ..HttpReply::default() };
    if format_2 {
        reply.cookies = all.remove(header::SET_COOKIE.as_str()).unwrap_or_default();
        reply.headers = Some(all.into_iter().map(|(name, values)| (name, values.join(", "))).collect());
    } else {
        reply.multi_value_headers = Some(all);
    }
    reply
}

/// `{"error": ...}`, for a request that does not reach the router.
pub fn sentence(status: StatusCode, sentence: &str, format_2: bool) -> HttpReply {
    let (name, value) = (header::CONTENT_TYPE.to_string(), "application/json".to_owned());
    let (headers, multi_value_headers) =
        if format_2 { (Some([(name, value)].into()), None) } else { (None, Some([(name, vec![value])].into())) };
    let body = serde_json::json!({"error": sentence}).to_string();
    HttpReply { status_code: status.as_u16(), headers, multi_value_headers, body, ..HttpReply::default() }
}
