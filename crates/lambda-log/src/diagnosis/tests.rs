use model::redact::LONGEST_EXCERPT;
use proptest::prelude::*;

use super::Cause::*;
use super::*;

fn line(text: &str, unhandled: bool) -> Application<'_> {
    Application { text: text.into(), unhandled, ..Application::default() }
}

/// The causes an unhandled error of this text points to, deepest first; that it is an error at all is left out.
fn pointed(text: &str) -> Vec<Cause> {
    signs(&line(text, true), false).into_iter().map(|sign| sign.cause).filter(|cause| *cause != AppException).collect()
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
        ("An error occurred (UnrecognizedClientException) when calling the GetItem operation", Some(CredentialsInvalid)),
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
        ("panic: runtime error: invalid memory address\n[signal SIGSEGV: segmentation violation]\n\ngoroutine 1 [running]:", None),
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

const RECENT: &str = "2026/04/17/[$LATEST]60cefc";

/// A case of which nothing is known.
fn case(recent: &Recent) -> Case<'_> {
    Case {
        outcome: Outcome::Success,
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
        memory_mb: None,
        environment: RECENT,
        recent,
    }
}

fn sign(cause: Cause, weight: Weight) -> Sign {
    Sign { cause, weight, of_type: false, is_last: true }
}

fn verdicts(case: &Case<'_>) -> Vec<(Cause, Confidence)> {
    judge(case).into_iter().map(|found| (found.cause, found.confidence)).collect()
}

#[test]
fn what_was_dealt_with_is_none_of_the_causes_and_what_nobody_caught_is_the_first() {
    use Confidence::{Likely, Proved};
    use Weight::{Failure, Hint};
    let recent = Recent::default();
    let timeout = Case { outcome: Outcome::Timeout, timed_out_after_ms: Some(3000.0), ..case(&recent) };
    let error = Case { outcome: Outcome::Error, ..case(&recent) };
    for (case, signs, expected) in [
        (case(&recent), &[sign(DbUnreachable, Hint)][..], &[][..]),
        (case(&recent), &[sign(DbUnreachable, Failure)], &[(DbUnreachable, Proved)]),
        (error, &[sign(DbUnreachable, Hint)], &[(DbUnreachable, Likely)]),
        (timeout, &[sign(VpcNoEgress, Hint)], &[(VpcNoEgress, Likely), (FunctionTimeout, Proved)]),
        (timeout, &[sign(AppException, Hint)], &[(FunctionTimeout, Proved)]),
        // What nobody caught goes before what was only spoken of.
        (error, &[sign(DownstreamThrottled, Hint), sign(AppException, Failure)], &[(AppException, Proved), (DownstreamThrottled, Likely)]),
        (error, &[sign(AppException, Failure), sign(IamDenied, Failure)], &[(IamDenied, Proved), (AppException, Proved)]),
    ] {
        assert_eq!(verdicts(&Case { signs, ..case }), expected, "{signs:?} in {case:?}");
    }
}

#[test]
fn a_limit_is_named_only_where_nothing_deeper_shows() {
    use Confidence::{Likely, Proved};
    let recent = Recent::default();
    let report = |used: f64| Report { duration_ms: 3000.0, memory_mb: Some(128.0), max_memory_mb: Some(used), ..Report::default() };
    let (full, half) = (report(128.0), report(64.0));
    let killed = Some("Runtime exited with error: signal: killed");
    let timeout = Case { outcome: Outcome::Timeout, timed_out_after_ms: Some(3000.0), ..case(&recent) };
    for (case, expected) in [
        (Case { report: Some(&half), ..timeout }, &[(FunctionTimeout, Proved)][..]),
        (Case { report: Some(&full), ..timeout }, &[(Oom, Likely), (FunctionTimeout, Proved), (MemoryPressure, Likely)]),
        (Case { outcome: Outcome::Error, exited: killed, report: Some(&full), ..case(&recent) }, &[(Oom, Proved), (RuntimeExit, Proved)]),
        (Case { outcome: Outcome::Error, exited: killed, report: Some(&half), ..case(&recent) }, &[(RuntimeExit, Proved)]),
        (Case { outcome: Outcome::Error, exited: killed, ..case(&recent) }, &[(Oom, Likely), (RuntimeExit, Proved)]),
        (Case { report: Some(&full), ..case(&recent) }, &[]),
    ] {
        assert_eq!(verdicts(&case), expected, "{case:?}");
    }
}

#[test]
fn an_early_last_word_that_the_work_is_over_is_an_event_loop_that_hangs() {
    use Weight::Hint;
    let recent = Recent::default();
    for (last_at_ms, is_last, hangs) in [(140.0, true, true), (2900.0, true, false), (140.0, false, false)] {
        let signs = [Sign { is_last, ..sign(EventLoopHang, Hint) }];
        let case = Case { outcome: Outcome::Timeout, timed_out_after_ms: Some(3000.0), last_words: Some((last_at_ms, 3000.0)), signs: &signs, ..case(&recent) };
        assert_eq!(verdicts(&case).iter().any(|(cause, _)| *cause == EventLoopHang), hangs, "{last_at_ms} {is_last}");
    }
}

#[test]
fn a_finding_claims_what_the_lines_show_and_no_more() {
    let recent = Recent::default();
    let init = |duration_ms, in_invocation, status| InitReport { duration_ms: Some(duration_ms), in_invocation, status, ..InitReport::default() };
    let twice = [init(10_008.0, false, Status::Timeout), init(6_002.0, true, Status::Timeout)];
    let ended = [init(10_008.0, false, Status::Timeout), init(6_002.0, true, Status::Success)];
    let long = [init(130_000.0, false, Status::Timeout)];
    for (inits, said, not_said) in [
        (&twice[..], "was still not done after 6.0 s", "failed"),
        (&ended, "ended after 6.0 s", "failed"),
        // Provisioned environments have more than ten seconds.
        (&long, "Start-up was not done after 130.0 s", "10 s"),
    ] {
        let found = judge(&Case { inits, ..case(&recent) });
        let finding = found.first().map(|found| found.finding.as_str()).unwrap_or_default();
        assert!(finding.contains(said) && !finding.contains(not_said), "{finding}");
    }
    let slow = |lines| {
        let case = Case { outcome: Outcome::Timeout, timed_out_after_ms: Some(3000.0), instancing: &[None], lines_since_instancing: lines, ..case(&recent) };
        judge(&case).into_iter().next().map(|found| (found.confidence, found.finding.contains("the handler never ran")))
    };
    assert_eq!((slow(0), slow(3)), (Some((Confidence::Proved, true)), Some((Confidence::Likely, false))));
}

#[test]
fn every_cause_has_words_for_its_reader() {
    // The words of all causes are found in one pass, a bit for each.
    assert!(Cause::ALL.len() <= 64);
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
    let brief = |init_ms| Brief {
        at: None,
        outcome: Outcome::Success,
        cold: true,
        init_ms: Some(init_ms),
        silent_timeout: false,
        in_start_up: false,
        max_memory_mb: None,
        environment: environment_hash(RECENT),
    };
    let mut recent = Recent::default();
    let which: Vec<u64> = (0..100).map(|number| recent.push(brief(f64::from(number)))).collect();
    assert_eq!((recent.longest_start_up_ms(), recent.cold_in_a_row()), (Some(99.0), 12));
    assert_eq!(recent.before(which[98]).longest_start_up_ms(), Some(97.0));
    assert_eq!(recent.before(which[10]).cold_in_a_row(), 0, "forgotten");
    recent.amend(which[98], Brief { outcome: Outcome::Error, ..brief(500.0) });
    recent.amend(which[10], brief(9_000.0));
    assert_eq!((recent.longest_start_up_ms(), recent.cold_in_a_row()), (Some(500.0), 1));
}

proptest! {
    #[test]
    fn no_text_can_stop_the_search_for_signs(text in "\\PC{0,300}", unhandled in any::<bool>()) {
        let found = signs(&line(&text, unhandled), false);
        prop_assert!(found.len() <= Cause::ALL.len());
        // Saying no without a look is never wrong, but for what any error is.
        if !worth_a_look(&text) {
            prop_assert!(found.iter().all(|sign| sign.cause == AppException), "{:?}", found);
        }
    }
}
