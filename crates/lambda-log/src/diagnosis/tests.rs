use model::redact::LONGEST_EXCERPT;
use proptest::prelude::*;

use super::Cause::*;
use super::*;
use crate::line::{ApplicationLine, InitReport, PlatformStatus, ReportLine};

fn line(text: &str, unhandled: bool) -> ApplicationLine<'_> {
    ApplicationLine { text: text.into(), unhandled, ..ApplicationLine::default() }
}

/// The causes an unhandled error of this text points to, deepest first; that it is an error at all is left out.
fn pointed(text: &str) -> Vec<Cause> {
    Causes::built_in()
        .signs(&line(text, true), false)
        .into_iter()
        .map(|sign| sign.cause)
        .filter(|cause| *cause != AppException)
        .collect()
}

fn check(cases: &[(&str, Option<Cause>)]) {
    for (text, cause) in cases {
        assert_eq!(pointed(text).first().copied(), *cause, "{text}: {:?}", pointed(text));
    }
}

#[test]
fn the_words_of_an_error_point_to_its_cause() {
    check(&[
        ("Error: /opt/lib/crypto.node: invalid ELF header", Some(WrongArchOrBinary)),
        ("libpq.so.5: cannot open shared object file: No such file or directory", Some(NativeLibMissing)),
        ("EACCES: permission denied, open '/var/task/rates.json'", Some(PackagePermissions)),
        ("OSError: [Errno 28] No space left on device", Some(TmpFull)),
        ("Error: getaddrinfo EMFILE rates.test", Some(FdExhausted)),
        ("EROFS: read-only file system, mkdir '/var/task/.cache'", Some(ReadOnlyFs)),
        ("Runtime.HandlerNotFound: pricing.main is undefined or not exported", Some(HandlerNotFound)),
        ("TypeError: Object of type Decimal is not JSON serializable", Some(BadResponse)),
        ("SyntaxError: Unexpected token 'export'", Some(SyntaxError)),
        ("Error: Cannot find module 'zod'", Some(ImportError)),
        ("fork/exec /var/task/bootstrap: no such file or directory", Some(InvalidEntrypoint)),
        ("KMSAccessDeniedException: Lambda was unable to decrypt the environment variables", Some(KmsDenied)),
        (
            "An error occurred (UnrecognizedClientException) when calling the GetItem operation",
            Some(CredentialsInvalid),
        ),
        ("User: x is not authorized to perform: s3:GetObject", Some(IamDenied)),
        ("FATAL ERROR: JavaScript heap out of memory", Some(Oom)),
        ("Runtime exited with error: signal: segmentation fault", Some(NativeCrash)),
        ("PayloadTooLargeError: request entity too large", Some(PayloadTooLarge)),
        ("Extension.Crash", Some(ExtensionFailure)),
        ("KeyError: 'CARRIER_TABLE'", Some(MissingConfig)),
        ("ThrottlingException: Rate exceeded", Some(DownstreamThrottled)),
        ("FATAL: remaining connection slots are reserved", Some(DbConnectionsExhausted)),
        ("connect ECONNREFUSED 10.0.0.9:5432", Some(DbUnreachable)),
        ("getaddrinfo ENOTFOUND rates.test", Some(DnsFailure)),
        ("Connect timeout on endpoint URL: \"https://sqs.eu-central-1.amazonaws.com/\"", Some(VpcNoEgress)),
        ("KeyError: 'Records'", Some(BadEvent)),
        ("An error occurred (ValidationException) when calling the Query operation", Some(AwsApiError)),
        ("Request failed with status code 503", Some(UpstreamError)),
        ("module initialization error: no tariff", Some(InitException)),
    ]);
}

#[test]
fn words_that_only_sound_like_a_cause_point_to_none_or_to_the_deeper_one() {
    check(&[
        ("KeyError: 'weight'", None),
        ("SyntaxError: Unexpected token < in JSON at position 0", None),
        ("sqlite3.OperationalError: near \"FRM\": syntax error", None),
        (
            "panic: runtime error: invalid memory address\n[signal SIGSEGV: segmentation violation]\n\ngoroutine 1 [running]:",
            None,
        ),
        ("the environment variable RATES was read", None),
        ("fork/exec /usr/bin/convert: permission denied", Some(PackagePermissions)),
        ("Access denied for user 'app'@'10.0.0.1' (using password: YES)", Some(DbUnreachable)),
        // A refused or unresolved address is no silent one.
        ("dial tcp 10.0.0.9:5432: connect: connection refused", Some(DbUnreachable)),
        ("dial tcp: lookup rates.test: no such host", Some(DnsFailure)),
        ("dial tcp 52.46.0.1:443: i/o timeout", Some(VpcNoEgress)),
        ("No module named 'x': libz.so.1: cannot open shared object file", Some(NativeLibMissing)),
    ]);
}

/// Lines in words that other things use too: each is one cause beside proof of it, and another or none without.
#[test]
fn words_that_many_use_point_to_a_cause_only_beside_proof_of_it() {
    check(&[
        // A database has to be named: by its driver, its scheme or its port.
        ("connect ECONNREFUSED 127.0.0.1:3000", Some(UpstreamError)),
        ("Error: connect ECONNREFUSED 10.0.3.7:54321", Some(UpstreamError)),
        ("dial tcp 10.0.3.7:8080: connect: connection refused", Some(UpstreamError)),
        ("dial tcp 10.0.3.7:5432: connect: connection refused", Some(DbUnreachable)),
        ("redis.exceptions.ConnectionError: Error 111 connecting to cache. Connection refused.", Some(DbUnreachable)),
        (
            "connection to localhost refused: is the server running on port 3306? Connection refused",
            Some(DbUnreachable),
        ),
        ("Connection terminated by the video peer", None),
        // A device that is busy is no name that does not resolve.
        ("OSError: [Errno 16] Device or resource busy: '/tmp/work'", None),
        ("socket.gaierror: [Errno 16] Device or resource busy", Some(DnsFailure)),
        (
            "HTTPSConnection object: Failed to establish a new connection: [Errno 16] Device or resource busy",
            Some(DnsFailure),
        ),
        ("Error: Failed to resolve module specifier 'zod'", None),
        // Permissions of a database, disks of a server, limits of inotify.
        ("psycopg2.errors.InsufficientPrivilege: permission denied for table invoices", None),
        ("ERROR: could not extend file \"base/16384/2619\": No space left on device", None),
        ("ENOSPC: System limit for number of file watchers reached", None),
        // Who denies, and whose token it is.
        ("403 Client Error: Access Denied for url: https://partner.test/", Some(UpstreamError)),
        (
            "com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403)",
            Some(IamDenied),
        ),
        ("org.springframework.security.access.AccessDeniedException: no", None),
        ("TokenError: token has expired, please sign in again", None),
        ("ExpiredTokenException: The provided token has expired (Service: Sts)", Some(CredentialsInvalid)),
        // Exceptions that frameworks call the same.
        ("pydantic.ValidationError: 1 validation error for Order", None),
        ("NotFoundException: no such todo", None),
        (
            "botocore.errorfactory.ResourceNotFoundException: An error occurred (ResourceNotFoundException)",
            Some(AwsApiError),
        ),
        ("CsvImportError: row 3 has no price", None),
        ("ImportError: cannot import name 'x'", Some(ImportError)),
        ("InMemoryError: snapshot is stale", None),
        ("MemoryError", Some(Oom)),
        ("Handler 'OrderCreated' gave up", None),
        ("Handler 'main' missing on module 'app'", Some(HandlerNotFound)),
        ("System.MissingMethodException: Method not found: 'Void Rates.Read()'", None),
        ("NameError: uninitialized constant Billing::Order", None),
        // Pools, certificates, answers and figures of something else.
        ("httpx.PoolTimeout", None),
        ("psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec", Some(DbConnectionsExhausted)),
        ("Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1)))", None),
        ("requests.exceptions.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", None),
        ("the query returned 500 rows", None),
        ("the rates service returned 503", Some(UpstreamError)),
        ("ffmpeg failed with exit status code 5", None),
        ("jsonschema.exceptions.ValidationError: 'email' is a required property", None),
        ("layers: arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:38", None),
    ]);
}

/// A refused connection is the verdict, but never proved: the peer has no name.
#[test]
fn a_refused_peer_without_a_name_is_no_database_and_not_proved() {
    use Confidence::{Likely, Proved};
    let recent = RecentInvocations::default();
    let error = InvocationFacts { outcome: InvocationOutcome::Error, ..case(&recent) };
    // The runtime reports the error and says nothing bad of the invocation, or it does.
    let success = case(&recent);
    for (text, case, expected) in [
        ("connect ECONNREFUSED 127.0.0.1:3000", error, [(UpstreamError, Likely), (AppException, Proved)]),
        ("connect ECONNREFUSED 127.0.0.1:3000", success, [(UpstreamError, Likely), (AppException, Proved)]),
        ("connect ECONNREFUSED 127.0.0.1:5432", error, [(DbUnreachable, Proved), (AppException, Proved)]),
        ("connect ECONNREFUSED 127.0.0.1:5432", success, [(DbUnreachable, Proved), (AppException, Proved)]),
    ] {
        let signs = Causes::built_in().signs(&line(text, true), false);
        assert_eq!(verdicts(&InvocationFacts { signs: &signs, ..case }), expected, "{text}");
    }
    let logged = Causes::built_in().signs(&line("connect ECONNREFUSED 127.0.0.1:3000", false), false);
    assert_eq!(verdicts(&InvocationFacts { signs: &logged, ..case(&recent) }), [], "the application has dealt with it");
}

fn card_declined() -> CustomCause {
    let code = CauseCode::parse("card_declined").unwrap();
    CustomCause::new(
        code,
        vec!["insufficient funds".to_owned(), "do_not_honor".to_owned()],
        "Ask the customer for another card.".to_owned(),
    )
}

#[test]
fn a_cause_of_the_users_own_goes_before_a_built_in_one_that_is_as_sure() {
    use Confidence::{Likely, Proved};
    let causes = Causes::with(vec![card_declined().with_title(Some("a card is declined".to_owned()))]).unwrap();
    let cause = Cause::of_code("card_declined").unwrap();
    let recent = RecentInvocations::default();
    let error = InvocationFacts { outcome: InvocationOutcome::Error, ..case(&recent) };
    for (text, unhandled, case, expected) in [
        ("PaymentError: insufficient funds", true, error, &[(cause, Proved), (AppException, Proved)][..]),
        ("the bank says do_not_honor", false, error, &[(cause, Likely)]),
        ("the bank says do_not_honor", false, self::case(&recent), &[]),
        ("PaymentError: card expired", true, error, &[(AppException, Proved)]),
    ] {
        let signs = causes.signs(&line(text, unhandled), false);
        let found: Vec<_> = causes
            .judge(&InvocationFacts { signs: &signs, ..case })
            .into_iter()
            .map(|found| (found.cause, found.confidence))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
    let signs = causes.signs(&line("PaymentError: insufficient funds", true), false);
    let found = causes.judge(&InvocationFacts { signs: &signs, ..error }).swap_remove(0);
    assert_eq!((&*found.meaning, &*found.next_step), ("a card is declined", "Ask the customer for another card."));
    assert_eq!(causes.custom().collect::<Vec<_>>(), ["card_declined"]);
}

/// More causes than one word of 64 bits can tell apart.
#[test]
fn none_of_many_causes_is_dropped() {
    let custom = |n: usize| {
        CustomCause::new(
            CauseCode::parse(&format!("own_{n}")).unwrap(),
            vec![format!("mark {n} of it")],
            "See.".to_owned(),
        )
    };
    let causes = Causes::with((0..Causes::MAX_CUSTOM).map(custom).collect()).unwrap();
    for n in 0..Causes::MAX_CUSTOM {
        let text = format!("mark {n} of it: invalid ELF header");
        let found: Vec<&str> =
            causes.signs(&line(&text, true), false).into_iter().map(|sign| sign.cause.code()).collect();
        assert_eq!(found, [format!("own_{n}").as_str(), "wrong_arch_or_binary", "app_exception"]);
    }
    assert!(Causes::with((0..=Causes::MAX_CUSTOM).map(custom).collect()).is_err());
}

#[test]
fn a_cause_is_stored_by_its_code_and_one_that_is_gone_can_still_be_read() {
    let stored = r#"{"card_declined":1,"oom":2}"#;
    let read: std::collections::BTreeMap<Cause, u64> = serde_json::from_str(stored).unwrap();
    assert_eq!(read.keys().map(|cause| cause.code()).collect::<Vec<_>>(), ["card_declined", "oom"]);
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    for wrong in [r#""Card declined""#, r#""""#, "3"] {
        assert!(serde_json::from_str::<Cause>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_matcher_is_there() {
    assert_eq!(load(), Ok(()));
}

const RECENT: &str = "2026/04/17/[$LATEST]60cefc";

/// A case of which nothing is known.
fn case(recent: &RecentInvocations) -> InvocationFacts<'_> {
    InvocationFacts {
        outcome: InvocationOutcome::Success,
        is_excerpt: false,
        signs: &[],
        timed_out_after_ms: None,
        exited: None,
        error_type: None,
        report: None,
        inits: &[],
        instancing: &[],
        lines_since_instancing: 0,
        lines: 1,
        last_words: None,
        cold: false,
        started_ahead: false,
        retried: false,
        without_end: false,
        hidden_init_ms: None,
        extension_waits: false,
        memory_mb: None,
        on_node: None,
        environment: RECENT,
        recent,
    }
}

fn sign(cause: Cause, weight: MatchWeight) -> CauseMatch {
    CauseMatch { cause, weight, of_type: false, is_last: true, went_on: false, by_shape: false }
}

fn verdicts(case: &InvocationFacts<'_>) -> Vec<(Cause, Confidence)> {
    Causes::built_in().judge(case).into_iter().map(|found| (found.cause, found.confidence)).collect()
}

#[test]
fn what_was_dealt_with_is_none_of_the_causes_and_what_nobody_caught_is_the_first() {
    use Confidence::{Likely, Proved};
    use MatchWeight::{Failure, Hint};
    let recent = RecentInvocations::default();
    let timeout =
        InvocationFacts { outcome: InvocationOutcome::Timeout, timed_out_after_ms: Some(3000.0), ..case(&recent) };
    let error = InvocationFacts { outcome: InvocationOutcome::Error, ..case(&recent) };
    for (case, signs, expected) in [
        (case(&recent), &[sign(DbUnreachable, Hint)][..], &[][..]),
        (case(&recent), &[sign(DbUnreachable, Failure)], &[(DbUnreachable, Proved)]),
        (error, &[sign(DbUnreachable, Hint)], &[(DbUnreachable, Likely)]),
        (timeout, &[sign(VpcNoEgress, Hint)], &[(VpcNoEgress, Likely), (FunctionTimeout, Proved)]),
        (timeout, &[sign(AppException, Hint)], &[(FunctionTimeout, Proved)]),
        // An uncaught error comes before one that was only mentioned.
        (
            error,
            &[sign(DownstreamThrottled, Hint), sign(AppException, Failure)],
            &[(AppException, Proved), (DownstreamThrottled, Likely)],
        ),
        (
            error,
            &[sign(AppException, Failure), sign(IamDenied, Failure)],
            &[(IamDenied, Proved), (AppException, Proved)],
        ),
    ] {
        assert_eq!(verdicts(&InvocationFacts { signs, ..case }), expected, "{signs:?} in {case:?}");
    }
}

#[test]
fn a_limit_is_named_only_where_nothing_deeper_shows() {
    use Confidence::{Likely, Proved};
    let recent = RecentInvocations::default();
    let report = |used: f64| ReportLine {
        duration_ms: 3000.0,
        memory_mb: Some(128.0),
        max_memory_mb: Some(used),
        ..ReportLine::default()
    };
    let (full, half) = (report(128.0), report(64.0));
    let killed = Some("Runtime exited with error: signal: killed");
    let timeout =
        InvocationFacts { outcome: InvocationOutcome::Timeout, timed_out_after_ms: Some(3000.0), ..case(&recent) };
    for (case, expected) in [
        (InvocationFacts { report: Some(&half), ..timeout }, &[(FunctionTimeout, Proved)][..]),
        (
            InvocationFacts { report: Some(&full), ..timeout },
            &[(Oom, Likely), (FunctionTimeout, Proved), (MemoryPressure, Likely)],
        ),
        (
            InvocationFacts { outcome: InvocationOutcome::Error, exited: killed, report: Some(&full), ..case(&recent) },
            &[(Oom, Proved), (RuntimeExit, Proved)],
        ),
        (
            InvocationFacts { outcome: InvocationOutcome::Error, exited: killed, report: Some(&half), ..case(&recent) },
            &[(RuntimeExit, Proved)],
        ),
        (
            InvocationFacts { outcome: InvocationOutcome::Error, exited: killed, ..case(&recent) },
            &[(Oom, Likely), (RuntimeExit, Proved)],
        ),
        (InvocationFacts { report: Some(&full), ..case(&recent) }, &[]),
    ] {
        assert_eq!(verdicts(&case), expected, "{case:?}");
    }
}

#[test]
fn an_early_last_word_that_the_work_is_over_is_an_event_loop_that_hangs() {
    use MatchWeight::Hint;
    let recent = RecentInvocations::default();
    let node = Some(true);
    for (last_at_ms, is_last, on_node, hangs) in [
        (140.0, true, node, true),
        (2900.0, true, node, false),
        (140.0, false, node, false),
        // Only Node waits for its event loop.
        (140.0, true, Some(false), false),
        (140.0, true, None, false),
    ] {
        let signs = [CauseMatch { is_last, ..sign(EventLoopHang, Hint) }];
        let case = InvocationFacts {
            on_node,
            outcome: InvocationOutcome::Timeout,
            timed_out_after_ms: Some(3000.0),
            last_words: Some((last_at_ms, 3000.0)),
            signs: &signs,
            ..case(&recent)
        };
        assert_eq!(
            verdicts(&case).iter().any(|(cause, _)| *cause == EventLoopHang),
            hangs,
            "{last_at_ms} {is_last} {on_node:?}"
        );
    }
}

#[test]
fn a_finding_claims_what_the_lines_show_and_no_more() {
    let recent = RecentInvocations::default();
    let init = |duration_ms, in_invocation, status| InitReport {
        duration_ms: Some(duration_ms),
        in_invocation,
        status,
        ..InitReport::default()
    };
    let twice = [init(10_008.0, false, PlatformStatus::Timeout), init(6_002.0, true, PlatformStatus::Timeout)];
    let ended = [init(10_008.0, false, PlatformStatus::Timeout), init(6_002.0, true, PlatformStatus::Success)];
    let long = [init(130_000.0, false, PlatformStatus::Timeout)];
    for (inits, said, not_said) in [
        (&twice[..], "was still not done after 6.0 s", "failed"),
        (&ended, "ended after 6.0 s", "failed"),
        // Provisioned environments have more than ten seconds.
        (&long, "The init phase was not done after 130.0 s", "10 s"),
    ] {
        let found = Causes::built_in().judge(&InvocationFacts { inits, ..case(&recent) });
        let finding = found.first().map(|found| found.finding.as_str()).unwrap_or_default();
        assert!(finding.contains(said) && !finding.contains(not_said), "{finding}");
    }
    let slow = |lines| {
        let case = InvocationFacts {
            outcome: InvocationOutcome::Timeout,
            timed_out_after_ms: Some(3000.0),
            instancing: &[None],
            lines_since_instancing: lines,
            ..case(&recent)
        };
        Causes::built_in()
            .judge(&case)
            .into_iter()
            .next()
            .map(|found| (found.confidence, found.finding.contains("the handler never ran")))
    };
    assert_eq!((slow(0), slow(3)), (Some((Confidence::Proved, true)), Some((Confidence::Likely, false))));
}

#[test]
fn every_cause_has_words_for_its_reader() {
    for (code, cause) in Cause::ALL {
        let (meaning, next) = (cause.meaning(), cause.next_step());
        assert!((5..70).contains(&meaning.len()) && !meaning.ends_with('.'), "{code}: {meaning}");
        assert!(next.ends_with('.') && next.len() <= 2 * LONGEST_EXCERPT, "{code}: {next}");
        assert_eq!(cause.code(), *code);
        assert_eq!(serde_json::to_value(cause).ok(), Some(serde_json::Value::from(*code)));
    }
}

#[test]
fn the_latest_are_remembered_and_each_can_be_corrected() {
    let brief = |init_ms| InvocationSummary {
        at: None,
        outcome: InvocationOutcome::Success,
        cold: true,
        init_ms: Some(init_ms),
        silent_timeout: false,
        in_start_up: false,
        max_memory_mb: None,
        environment: environment_hash(RECENT),
    };
    let mut recent = RecentInvocations::default();
    let which: Vec<u64> = (0..100).map(|number| recent.push(brief(f64::from(number)))).collect();
    assert_eq!((recent.longest_start_up_ms(), recent.cold_in_a_row()), (Some(99.0), 12));
    assert_eq!(recent.before(which[98]).longest_start_up_ms(), Some(97.0));
    assert_eq!(recent.before(which[10]).cold_in_a_row(), 0, "forgotten");
    recent.amend(which[98], InvocationSummary { outcome: InvocationOutcome::Error, ..brief(500.0) });
    recent.amend(which[10], brief(9_000.0));
    assert_eq!((recent.longest_start_up_ms(), recent.cold_in_a_row()), (Some(500.0), 1));
}

proptest! {
    #[test]
    fn no_text_can_stop_the_search_for_signs(text in "\\PC{0,300}", unhandled in any::<bool>()) {
        let found = Causes::built_in().signs(&line(&text, unhandled), false);
        prop_assert!(found.len() <= Cause::ALL.len());
        // Saying no without a look is never wrong, but for what any error is.
        if !Causes::built_in().worth_a_look(&text) {
            prop_assert!(found.iter().all(|sign| sign.cause == AppException), "{:?}", found);
        }
    }
}
