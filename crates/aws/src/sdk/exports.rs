//! S3 through the SDK.

use std::fs::File;
use std::io::Write;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::DateTime as SdkTime;
use billing::export::layout::Found;
use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;

use super::super::failure::{failure, unreadable};
use super::Sdk;
use crate::{Bucket, Exports, Page};

/// A client. Behind an endpoint of one's own a bucket is a part of the path, because its name is in no DNS there.
pub(super) fn client(config: &SdkConfig) -> aws_sdk_s3::Client {
    let elsewhere = config.endpoint_url().is_some() || has_endpoint_of_its_own("S3");
    aws_sdk_s3::Client::from_conf(Builder::from(config).force_path_style(elsewhere).build())
}

/// Settings of one call: the bucket may be in another region than the functions.
fn of(bucket: &Bucket) -> Builder {
    let builder = aws_sdk_s3::config::Config::builder();
    match &bucket.region {
        Some(region) => builder.region(Region::new(region.clone())),
        None => builder,
    }
}

#[async_trait]
impl Exports for Sdk {
    async fn objects(&self, bucket: &Bucket, token: Option<&str>) -> Result<Page<Found>, CallFailure> {
        let call = "s3:ListBucket";
        let request = self.exports.list_objects_v2().bucket(&bucket.name).prefix(&bucket.prefix).set_continuation_token(token.map(str::to_owned));
        let answer = request.customize().config_override(of(bucket)).send().await.map_err(|error| failure(call, &bucket.name, &error))?;
        let mut items = Vec::new();
        for object in answer.contents() {
            let key = object.key().ok_or_else(|| unreadable(call, &bucket.name, "an object without a key".to_owned()))?;
            items.push(Found {
                path: key.strip_prefix(&bucket.prefix).unwrap_or(key).to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                modified: object.last_modified().and_then(time).unwrap_or_default(),
                tag: object.e_tag().unwrap_or_default().to_owned(),
            });
        }
        Ok(Page { items, next: answer.next_continuation_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }

    async fn fetch(&self, bucket: &Bucket, object: &Found, into: &mut File) -> Result<(), CallFailure> {
        let call = "s3:GetObject";
        let key = format!("{}{}", bucket.prefix, object.path);
        let tag = Some(object.tag.clone()).filter(|tag| !tag.is_empty());
        let request = self.exports.get_object().bucket(&bucket.name).key(&key).set_if_match(tag);
        let answer = request.customize().config_override(of(bucket)).send().await.map_err(|error| failure(call, &key, &error))?;
        let mut body = answer.body;
        while let Some(block) = body.next().await {
            let block = block.map_err(|error| unreadable(call, &key, error.to_string()))?;
            into.write_all(&block).map_err(|error| unreadable(call, &key, format!("it cannot be kept on this machine: {error}")))?;
        }
        Ok(())
    }
}

fn time(at: &SdkTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.secs(), at.subsec_nanos())
}

/// Whether the environment sends one service of AWS elsewhere; the SDK knows that too, and does not tell.
fn has_endpoint_of_its_own(service: &str) -> bool {
    std::env::var_os(format!("AWS_ENDPOINT_URL_{service}")).is_some_and(|url| !url.is_empty())
}
