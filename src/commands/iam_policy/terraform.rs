//! HCL, laid out as `terraform fmt` lays it out.

use aws::policy::PolicyStatement;

pub(super) fn document(statements: &[PolicyStatement]) -> String {
    let blocks: Vec<String> = statements.iter().map(statement).collect();
    format!("data \"aws_iam_policy_document\" \"monitor\" {{\n{}}}\n", blocks.join("\n"))
}

fn statement(one: &PolicyStatement) -> String {
    let mut text = format!("  statement {{\n    sid    = {}\n    effect = \"Allow\"\n\n", quoted(&one.sid));
    text += &list("actions", one.actions.iter().copied());
    text += "\n";
    text += &list("resources", one.resources.iter().map(String::as_str));
    if let Some(prefix) = &one.prefix {
        text += &format!(
            "\n    condition {{\n      test     = \"StringLike\"\n      variable = \"s3:prefix\"\n      values   = [{}]\n    }}\n",
            quoted(prefix)
        );
    }
    text + "  }\n"
}

fn list<'a>(name: &str, items: impl Iterator<Item = &'a str>) -> String {
    let items: String = items.map(|item| format!("      {},\n", quoted(item))).collect();
    format!("    {name} = [\n{items}    ]\n")
}

/// A text as HCL reads it back: `${` and `%{` would begin a template.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            // The sign before it is there already.
            '{' if quoted.ends_with('$') => quoted += "${",
            '{' if quoted.ends_with('%') => quoted += "%{",
            sign => quoted.push(sign),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_back_as_it_is() {
        for (text, expected) in [
            ("*", r#""*""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("${aws:username}", r#""$${aws:username}""#),
            ("%{x} $ {y}", r#""%%{x} $ {y}""#),
            ("a\n", r#""a\n""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_statement_is_laid_out_as_terraform_does() {
        let one = PolicyStatement {
            sid: "FindExports".to_owned(),
            actions: vec!["s3:ListBucket"],
            resources: vec!["arn:aws:s3:::bills".to_owned()],
            prefix: Some("acme/*".to_owned()),
        };
        let expected = r#"data "aws_iam_policy_document" "monitor" {
  statement {
    sid    = "FindExports"
    effect = "Allow"

    actions = [
      "s3:ListBucket",
    ]

    resources = [
      "arn:aws:s3:::bills",
    ]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["acme/*"]
    }
  }
}
"#;
        assert_eq!(document(&[one]), expected);
    }
}
