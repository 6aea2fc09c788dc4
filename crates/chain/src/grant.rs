//! The statements of a function's policy, as the map keeps them:
//! `Allow lambda:InvokeFunction to {"Service":"apigateway.amazonaws.com"} if {"ArnLike":{"AWS:SourceArn":"..."}}`.

use account::map::{MapKind, MapResource};
use serde_json::Value;

use crate::looked::{MapLook, PathStep};
use crate::path::{ApiProtocol, ChainPath, gateway_key};
use crate::seen::ChainSeen;

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionGrant {
    /// Whether it allows; else it denies.
    pub(crate) allows: bool,
    /// The actions, as they are written.
    action: String,
    /// Whom, as it is written.
    principal: String,
    /// The ARNs from which calls may come; empty where every one may.
    pub(crate) sources: Vec<String>,
    /// What it was read from.
    pub(crate) text: String,
}

impl FunctionGrant {
    /// A statement; `None` if it cannot be read, as where it was cut.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (effect, rest) = text.split_once(' ')?;
        let (action, rest) = rest.split_once(" to ")?;
        let (principal, condition) = match rest.split_once(" if ") {
            Some((principal, condition)) => (principal, Some(condition)),
            None => (rest, None),
        };
        let sources = match condition {
            None => vec![],
            Some(condition) => sources(&serde_json::from_str(condition).ok()?),
        };
        let allows = match effect {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        let (action, principal) = (action.to_owned(), principal.to_owned());
        Some(Self { allows, action, principal, sources, text: text.to_owned() })
    }

    /// Whether it is about an action, such as `lambda:InvokeFunction`.
    pub(crate) fn is_of(&self, action: &str) -> bool {
        let words = self.action.split(['"', ',', '[', ']', ' ']).filter(|word| !word.is_empty());
        words.into_iter().any(|word| word == action || word == "lambda:*" || word == "*" || matches(word, action))
    }

    /// Whether it is about a service, or about everyone.
    pub(crate) fn is_for(&self, service: &str) -> bool {
        self.is_public() || self.principal.contains(service)
    }

    /// Whether it is about everyone.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.principal.as_str(), "*" | r#"{"AWS":"*"}"# | r#"{"AWS":["*"]}"#)
    }

    /// Whether it takes calls from an ARN.
    pub(crate) fn takes(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|pattern| matches(pattern, source))
    }
}

/// The source ARNs of a condition, by any operator.
fn sources(condition: &Value) -> Vec<String> {
    let operators = condition.as_object().into_iter().flat_map(|operators| operators.values());
    let keys = operators.filter_map(Value::as_object).flatten();
    let arns = keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"));
    arns.flat_map(|(_, value)| match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    })
    .collect()
}

/// Whether a text fits a pattern with the wildcards `*` and `?` of IAM.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from, mut star) = (0, 0, None);
    while let Some(letter) = text.get(from) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if wanted == letter || *wanted == '?' => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, from) = (place + 1, taken + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|letter| *letter == '*'))
}

/// The grants of a function or of one of its qualifiers; an error is that one of them cannot be read.
pub(crate) fn grants(seen: &ChainSeen, of: &str) -> PathStep<Result<Vec<FunctionGrant>, String>> {
    let Some(inside) = &seen.inside else { return PathStep::Beyond };
    let read = |policy: &MapResource| -> Result<Vec<FunctionGrant>, String> {
        let statements = policy.settings.iter().filter(|(name, _)| name.starts_with("statement "));
        let one = |(name, text): (&String, &Option<String>)| {
            let grant = text.as_deref().and_then(FunctionGrant::read);
            grant.ok_or_else(|| format!("the {name} of the policy of `{of}` cannot be read"))
        };
        statements.map(one).collect()
    };
    match MapLook(&inside.snapshots).parts(MapKind::FunctionPolicy, of) {
        PathStep::Found(all) => {
            all.iter().find(|one| one.id == of).map_or(PathStep::Absent, |one| PathStep::Found(read(one)))
        }
        PathStep::Unknown(why) => PathStep::Unknown(why),
        _ => PathStep::Absent,
    }
}

/// The ARNs by which a policy can name what calls the function, the usual one first. A REST API calls with `*` for each
/// variable of a path, an HTTP API with the path of its route; the path and method of the request are found in policies
/// as well.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html>
pub(crate) fn source_arns(seen: &ChainSeen, path: &ChainPath) -> Vec<String> {
    arns(seen, path).unwrap_or_default()
}

fn arns(seen: &ChainSeen, path: &ChainPath) -> Option<Vec<String>> {
    let api = path.api.found()?;
    let target = path.target.found()?;
    let arn: Vec<&str> = target.arn.as_deref()?.split(':').collect();
    let (partition, region, account) = (arn.get(1)?, arn.get(3)?, arn.get(4)?);
    let region = path.start.region().unwrap_or(region);
    let account = seen.inside.as_ref().and_then(|inside| inside.account.as_deref()).unwrap_or(account);
    let stage = path.stage_name.as_deref().unwrap_or("*");
    let start = format!("arn:{partition}:execute-api:{region}:{account}:{}/{stage}", api.resource.id);
    let key = path.route.found().map(gateway_key).unwrap_or_default();
    let Some((method, template)) = key.split_once(' ').filter(|_| api.protocol != ApiProtocol::WebSocket) else {
        return Some(vec![format!("{start}/{key}")]);
    };
    // A route for every method calls as the method of the request.
    let methods = if method == "ANY" { vec!["GET", "ANY"] } else { vec![method] };
    let starred = starred(template);
    let paths = match api.protocol {
        ApiProtocol::Rest => [starred.as_str(), &path.rest, template],
        ApiProtocol::Http | ApiProtocol::WebSocket => [template, &path.rest, starred.as_str()],
    };
    let of_method = |method: &str| paths.map(|path| format!("{start}/{method}{path}"));
    Some(methods.into_iter().flat_map(of_method).collect())
}

/// A path in which each variable is `*`.
fn starred(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "*".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Whether the policy of the function lets the gateway call it; `None` where that is unknown.
pub(crate) fn gateway_may_call(seen: &ChainSeen, path: &ChainPath) -> Option<bool> {
    let target = path.target.found()?;
    let sources = source_arns(seen, path);
    match grants(seen, &target.qualified()) {
        _ if sources.is_empty() => None,
        PathStep::Found(Ok(all)) => Some(all.iter().any(|grant| lets_in(grant, &sources))),
        PathStep::Absent => Some(false),
        _ => None,
    }
}

/// Whether a grant lets the gateway call, by one of the names that it calls from.
pub(crate) fn lets_in(grant: &FunctionGrant, sources: &[String]) -> bool {
    grant.allows
        && grant.is_of("lambda:InvokeFunction")
        && grant.is_for("apigateway.amazonaws.com")
        && sources.iter().any(|source| grant.takes(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ARN, Account, GRANT, resource};

    #[test]
    fn a_statement_is_read_as_the_map_keeps_it_and_a_cut_one_is_not() {
        let grant = FunctionGrant::read(GRANT).expect("a grant");
        assert!(grant.allows && grant.is_of("lambda:InvokeFunction") && !grant.is_of("lambda:InvokeFunctionUrl"));
        assert!(grant.is_for("apigateway.amazonaws.com") && !grant.is_public());
        let api = "arn:aws:execute-api:ap-northeast-2:123456789012:a1/dev/GET/";
        assert!(grant.takes(api) && !grant.takes(&api.replace("a1", "b2")));
        let public = FunctionGrant::read(r#"Allow ["lambda:Invoke*"] to {"AWS":"*"}"#).expect("a grant");
        assert!(public.is_public() && public.is_of("lambda:InvokeFunction") && public.takes("anything"));
        for text in ["", "Allow", "Allow x to y if {\"ArnLike\":… (12ab)", "Maybe x to y"] {
            assert_eq!(FunctionGrant::read(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_of_a_policy_and_no_pattern_panics(text in "\\PC{0,80}", pattern in "[a*?{}/+]{0,12}", path in "[a*?{}/+]{0,12}") {
            let _ = FunctionGrant::read(&text);
            let _ = FunctionGrant::read(&format!("Allow {text} to {text} if {text}"));
            proptest::prop_assert!(matches(&path.replace(['*', '?'], "x"), &path.replace(['*', '?'], "x")));
            let _ = (matches(&pattern, &path), crate::path::fit(&path, &pattern), crate::path::below(&path, &pattern));
        }
    }

    #[test]
    fn wildcards_are_those_of_iam() {
        for (pattern, text, expected) in [
            ("a1/*/GET/x", "a1/dev/GET/x", true),
            ("a1/*", "a1/dev/GET/x", true),
            ("a1/*/*", "a1/dev", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_usual_source_has_stars_for_variables_in_a_rest_api_and_the_route_in_an_http_api() {
        let first = |account: &Account, host: &str, path: &str| {
            let seen = account.seen(host, path);
            source_arns(&seen, &seen.inside.as_ref().expect("inside").path)
        };
        let start = "arn:aws:execute-api:ap-northeast-2:123456789012:";
        for (path, expected) in [("/todos", "a1/dev/GET/*"), ("/", "a1/dev/GET/")] {
            let all = first(&Account::story(), "dev.example.one", path);
            assert_eq!(all.first(), Some(&format!("{start}{expected}")));
            assert!(all.contains(&format!("{start}a1/dev/GET{path}")), "{all:?}");
        }
        let http = Account::default()
            .with(MapKind::HttpApi, resource("h1", &[("protocol", "HTTP")]))
            .with(MapKind::RestApi, resource("other", &[]))
            .with(MapKind::HttpStage, resource("h1/$default", &[]).of("h1"))
            .with(MapKind::HttpRoute, resource("h1/GET /a/{x}", &[("integration", "http_integration/h1/i")]).of("h1"))
            .with(MapKind::HttpIntegration, resource("h1/i", &[("target", ARN)]).of("h1"));
        let host = "h1.execute-api.ap-northeast-2.amazonaws.com";
        assert_eq!(first(&http, host, "/a/7").first(), Some(&format!("{start}h1/$default/GET/a/{{x}}")));
    }
}
