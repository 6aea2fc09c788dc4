//! A policy document, as IAM takes it.

use std::collections::BTreeMap;

use aws::policy::PolicyStatement;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DocumentJson<'a> {
    version: &'static str,
    statement: Vec<StatementJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatementJson<'a> {
    sid: &'a str,
    effect: &'static str,
    action: &'a [&'static str],
    resource: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<&'static str, BTreeMap<&'static str, &'a str>>>,
}

pub(super) fn document(statements: &[PolicyStatement]) -> Result<String, serde_json::Error> {
    let statement = statements.iter().map(statement).collect();
    serde_json::to_string_pretty(&DocumentJson { version: "2012-10-17", statement })
}

fn statement(one: &PolicyStatement) -> StatementJson<'_> {
    let condition = one.prefix.as_deref().map(|prefix| [("StringLike", [("s3:prefix", prefix)].into())].into());
    StatementJson { sid: &one.sid, effect: "Allow", action: &one.actions, resource: &one.resources, condition }
}
