use async_trait::async_trait;
use model::span::Span;

use super::*;
use crate::{InvokeResponse, LambdaFunctionSettings, LogEvent, LogGroup, ProvisionedConcurrency, ResultPage};

/// A region: its functions, each with the group it is configured with, and the log groups that are there.
struct Region {
    /// `None` for a call that fails so.
    functions: Result<Vec<(&'static str, Option<&'static str>)>, FailureKind>,
    groups: Vec<(&'static str, Option<LogClass>)>,
}

fn failure(call: &str, kind: FailureKind) -> CallFailure {
    let said = "AccessDeniedException: no".to_owned();
    CallFailure { call: call.to_owned(), resource: "x".to_owned(), kind, said, next_step: "allow it".to_owned() }
}

#[async_trait]
impl LogsApi for Region {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        // One on a page.
        let mut names: Vec<_> = self.groups.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
        names.sort_by_key(|(name, _)| *name);
        let at: usize = token.map_or(0, |token| token.parse().unwrap());
        let group = |(name, class): &&(&str, Option<LogClass>)| LogGroup {
            name: (*name).to_owned(),
            class: *class,
            ..LogGroup::default()
        };
        let items = names.get(at).map(group).into_iter().collect();
        Ok(ResultPage { items, next: (at + 1 < names.len()).then(|| (at + 1).to_string()) })
    }

    async fn log_groups_of(&self, _class: LogClass, _token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        panic!("no test asks for this")
    }

    async fn events(
        &self,
        _group: &str,
        _from_ms: i64,
        _to_ms: i64,
        _token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        panic!("no test asks for this")
    }
}

#[async_trait]
impl LambdaApi for Region {
    async fn list(&self, token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        let all = self.functions.as_ref().map_err(|kind| failure("lambda:ListFunctions", *kind))?;
        let at: usize = token.map_or(0, |token| token.parse().unwrap());
        let settings = |(name, group): &(&str, Option<&str>)| LambdaFunctionSettings {
            name: (*name).to_owned(),
            memory_mb: 128,
            arm64: false,
            log_group: group.map(str::to_owned),
            modified: None,
        };
        let items = all.get(at).map(settings).into_iter().collect();
        Ok(ResultPage { items, next: (at + 1 < all.len()).then(|| (at + 1).to_string()) })
    }

    async fn invoke(&self, _: &str, _: &str, _: Span) -> Result<InvokeResponse, CallFailure> {
        panic!("no test asks for this")
    }

    async fn may_invoke(&self, _: &str) -> Result<(), CallFailure> {
        panic!("no test asks for this")
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        panic!("no test asks for this")
    }

    async fn provisioned(&self, _: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        panic!("no test asks for this")
    }

    async fn memory_mb(&self, _: &str, _: &str) -> Result<u32, CallFailure> {
        panic!("no test asks for this")
    }
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn region() -> Region {
    Region {
        functions: Ok(vec![
            ("api", None),
            ("never-invoked", None),
            ("worker", Some("/prod/shared")),
            ("mailer", Some("/prod/shared")),
            ("moved", Some("/prod/own")),
            ("guest", Some("/aws/lambda/everything")),
            ("explicit", Some("/aws/lambda/explicit")),
        ]),
        groups: [
            "/aws/lambda/api",
            "/aws/lambda/deleted",
            "/aws/lambda/everything",
            "/aws/lambda/explicit",
            "/aws/lambda/moved",
            "/aws/lambda/us-east-1.edge",
            "/prod/shared",
        ]
        .map(|name| (name, None))
        .to_vec(),
    }
}

async fn found(region: &Region, functions: &[&str], groups: &[&str]) -> ResolvedLogs {
    let wanted = LogSelection { functions: patterns(functions), groups: patterns(groups) };
    resolve(region, region, &wanted).await.unwrap()
}

/// Looks up patterns of functions and expects `function: group` of each, a group by default as `-`.
async fn check(region: &Region, functions: &[&str], expected: &[&str]) {
    let found = found(region, functions, &[]).await;
    let said: Vec<String> = found
        .destinations
        .iter()
        .map(|at| {
            let group = if LogDestination::by_default(&at.function) == *at { "-" } else { &at.group };
            format!("{}: {group}", at.function)
        })
        .collect();
    assert_eq!(said, expected, "{functions:?}");
}

#[tokio::test]
async fn the_group_of_a_function_is_that_of_its_configuration() {
    let region = region();
    check(
        &region,
        &["*"],
        &[
            "api: -",
            "deleted: -",
            "explicit: -",
            "guest: /aws/lambda/everything",
            "mailer: /prod/shared",
            // Versions that were published before go on to log there.
            "moved: -",
            "moved: /prod/own",
            "us-east-1.edge: -",
            "worker: /prod/shared",
        ],
    )
    .await;
    check(&region, &["w*", "m*r"], &["mailer: /prod/shared", "worker: /prod/shared"]).await;
    check(&region, &["us-east-1.*"], &["us-east-1.edge: -"]).await;
    // The log of a function of Lambda@Edge lies where it ran.
    check(&region, &["ed*"], &["us-east-1.edge: -"]).await;
    check(&region, &["edge"], &["edge: -", "us-east-1.edge: -"]).await;
    // In another region than the main one a name is only meant if it is found.
    let wanted = LogSelection::of(
        &patterns(&["edge", "worker", "api", "nobody"]).into_iter().map(NamePattern::where_found).collect::<Vec<_>>(),
    );
    let elsewhere = resolve(&region, &region, &wanted).await.unwrap();
    assert_eq!(elsewhere.functions(), ["api", "us-east-1.edge", "worker"]);
    // An exact name is meant whatever there is.
    check(
        &region,
        &["worker", "never-invoked", "nobody", "us-east-1.edge"],
        &["never-invoked: -", "nobody: -", "us-east-1.edge: -", "worker: /prod/shared"],
    )
    .await;
    check(&region, &[], &[]).await;
}

#[tokio::test]
async fn a_group_that_lambda_has_yet_to_make_is_known_as_such_unless_somebody_named_it() {
    let region = region();
    let absent = |found: ResolvedLogs| found.may_be_absent.into_iter().collect::<Vec<_>>();
    assert_eq!(absent(found(&region, &["mo*", "w*"], &[]).await), ["/prod/own", "/prod/shared"]);
    assert_eq!(absent(found(&region, &["mo*", "w*", "moved"], &[]).await), ["/prod/shared"]);
    assert_eq!(absent(found(&region, &["mo*", "w*"], &["/prod/shared"]).await), ["/prod/own"]);
}

#[tokio::test]
async fn a_group_by_name_is_whatever_logs_there() {
    let region = region();
    let all = found(&region, &["api"], &["/prod/shared", "/not/there", "/aws/lambda/e*"]).await;
    let whole: Vec<&String> = all.whole.iter().collect();
    assert_eq!(whole, ["/aws/lambda/everything", "/aws/lambda/explicit", "/not/there", "/prod/shared"]);
    assert_eq!(all.functions(), ["api", "explicit", "guest", "mailer", "worker"]);
    let by_group = all.by_group();
    assert_eq!(by_group.len(), 5);
    assert!(by_group["/not/there"].is_empty() && by_group["/prod/shared"].len() == 2);
}

#[tokio::test]
async fn where_functions_may_not_be_listed_they_are_known_by_their_groups_and_that_is_said() {
    let denied = Region { functions: Err(FailureKind::Denied), ..region() };
    check(&denied, &["m*", "worker"], &["moved: -", "worker: -"]).await;
    let blind_spot = found(&denied, &["*"], &[]).await.blind_spot().unwrap();
    assert!(blind_spot.contains("lambda:ListFunctions is not allowed") && blind_spot.ends_with("allow it"));
    assert_eq!(found(&region(), &["*"], &[]).await.blind_spot(), None);

    for kind in [FailureKind::Throttled, FailureKind::NoAnswer, FailureKind::Refused, FailureKind::BadCredentials] {
        let failing = Region { functions: Err(kind), ..region() };
        let failed = resolve(&failing, &failing, &LogSelection::of(&patterns(&["worker"]))).await.unwrap_err();
        assert_eq!((failed.call.as_str(), failed.kind), ("lambda:ListFunctions", kind));
    }
}

#[tokio::test]
async fn a_class_that_cannot_be_read_is_told_with_what_to_do() {
    let region = Region {
        functions: Ok(vec![]),
        groups: vec![
            ("/prod/a", Some(LogClass::InfrequentAccess)),
            ("/prod/ab", None),
            ("/prod/b", Some(LogClass::Delivery)),
        ],
    };
    let failure = unreadable_class(&region, "/prod/a").await.unwrap();
    let said = failure.to_string();
    for part in ["logs:FilterLogEvents on /prod/a failed", "INFREQUENT_ACCESS", "STANDARD", "LoggingConfig"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(unreadable_class(&region, "/prod/b").await.unwrap().said.contains("DELIVERY"));
    assert_eq!(unreadable_class(&region, "/prod/ab").await, None);
    assert_eq!(unreadable_class(&region, "/prod/").await, None);
}

#[test]
fn a_stream_names_its_function_where_the_group_is_not_its_own() {
    for (stream, function) in [
        ("2024/07/03/todo-fn[$LATEST][60cefc4c4d174d898e4dbb301f9f10ef]", Some("todo-fn")),
        ("2024/07/03/todo_fn[12]60cefc4c", Some("todo_fn")),
        ("2024/07/03/us-east-1.edge[3][60cefc4c]", Some("us-east-1.edge")),
        ("2024/07/03/[$LATEST]60cefc4c4d174d898e4dbb301f9f10ef", None),
        ("2024/07/03/[$LATEST][60cefc4c]", None),
        ("2024/07/03/todo-fn", None),
        ("2024/07/03/todo-fn[]x", None),
        ("2024/07/03/todo-fn[1]", None),
        ("2024/07/03/a/b[1][x]", None),
        ("2024/07/03/a b[1][x]", None),
        ("2024-07-03/todo-fn[1][x]", None),
        ("2024/07/0é/f[1][x]", None),
        ("todo-fn[1][x]", None),
        ("i-0123456789abcdef0", None),
        ("s", None),
        ("", None),
    ] {
        assert_eq!(function_of_stream(stream), function, "{stream}");
    }
    for (group, function) in
        [("/aws/lambda/f", Some("f")), ("/aws/lambda/", None), ("/aws/lambdaf", None), ("/prod/f", None)]
    {
        assert_eq!(default_function(group), function, "{group}");
    }
}
