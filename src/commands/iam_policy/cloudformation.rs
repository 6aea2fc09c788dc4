//! A CloudFormation template in YAML.

use aws::policy::PolicyStatement;

const HEAD: &str = "\
AWSTemplateFormatVersion: \"2010-09-09\"
Description: What monitor may ask of this account
Resources:
  MonitorPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: What monitor may ask of this account
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
";

const TAIL: &str = "\
Outputs:
  MonitorPolicyArn:
    Value: !Ref MonitorPolicy
";

pub(super) fn document(statements: &[PolicyStatement]) -> String {
    let statements: String = statements.iter().map(statement).collect();
    format!("{HEAD}{statements}{TAIL}")
}

fn statement(one: &PolicyStatement) -> String {
    let mut text = format!("          - Sid: {}\n            Effect: Allow\n", quoted(&one.sid));
    text += &list("Action", one.actions.iter().copied());
    text += &list("Resource", one.resources.iter().map(String::as_str));
    if let Some(prefix) = &one.prefix {
        text += &format!(
            "            Condition:\n              StringLike:\n                \"s3:prefix\": {}\n",
            quoted(prefix)
        );
    }
    text
}

fn list<'a>(name: &str, items: impl Iterator<Item = &'a str>) -> String {
    let items: String = items.map(|item| format!("              - {}\n", quoted(item))).collect();
    format!("            {name}:\n{items}")
}

/// A text of JSON is one of YAML as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
