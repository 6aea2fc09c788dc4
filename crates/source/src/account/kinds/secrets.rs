//! Secrets of Secrets Manager, never their values. A new value shows as another `last_changed`.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, SECRETS};
use serde_json::json;

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, time_text, with_token};

pub(in crate::account) const CALLS: &[&str] = &["secretsmanager:ListSecrets"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let call = |token: Option<String>| {
        let body = with_token(json!({"MaxResults": 100, "IncludePlannedDeletion": true}), "NextToken", token);
        DescribeCall::post(&SECRETS, "secretsmanager:ListSecrets", &body, "the account's secrets")
    };
    let secrets = look.list(Listed::new("SecretList", "NextToken"), call).await?;
    let all = secrets.iter().map(secret).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::Secret, all))
}

fn secret(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("secretsmanager:ListSecrets", of);
    let mut secret = MapResource::new(fields.required("Name")?);
    secret.arn = Some(fields.required("ARN")?.to_owned());
    fields.set(
        &mut secret,
        &[("kms_key", "KmsKeyId"), ("rotation", "RotationEnabled"), ("rotation_function", "RotationLambdaARN")],
    );
    fields.set_by(&mut secret, "last_changed", "LastChangedDate", time_text);
    fields.set_by(&mut secret, "deleted", "DeletedDate", time_text);
    secret.noted.extend(fields.get("LastAccessedDate").and_then(time_text).map(|at| ("last_accessed".to_owned(), at)));
    secret.tags = fields.tag_list("Tags");
    Ok(secret)
}
