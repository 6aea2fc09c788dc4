use serde_json::json;

use super::*;

const REQUIRED: [(&str, &str); 3] = [
    ("ONESTEP_SECRET_KEY", "long enough to be safe"),
    ("ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "android"),
    ("ONESTEP_APPLE_AUDIENCES", "bundle"),
];

fn environment(more: &[(&str, &str)]) -> Environment {
    Environment::of(REQUIRED.into_iter().chain(more.iter().copied()))
}

fn fields(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { panic!("{value}") };
    fields
}

#[test]
fn three_settings_are_enough() {
    let reading = read(&environment(&[]), None).unwrap();
    let settings = reading.settings;
    assert_eq!(settings.store.reveal(), "sqlite:onestep.db");
    assert_eq!(
        (settings.google_android, settings.google_ios, settings.apple_audiences),
        (vec!["android".to_owned()], vec![], vec!["bundle".to_owned()])
    );
    assert_eq!(settings.urls, ServiceUrls::default());
    assert_eq!(
        reading.notes,
        [
            "ONESTEP_OPENAI_API_KEY is not given: no recommendations",
            "ONESTEP_RESEND_API_KEY is not given: no mail",
            "ONESTEP_FIREBASE is not given: no pushes",
            "ONESTEP_SENTRY_DSN is not given: errors are in the log only",
        ]
    );
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    for (given, missing) in [
        (
            vec![("ONESTEP_SECRET_KEY", "0123456789abcdef")],
            vec!["ONESTEP_GOOGLE_ANDROID_CLIENT_IDS", "ONESTEP_APPLE_AUDIENCES"],
        ),
        (vec![("ONESTEP_GOOGLE_IOS_CLIENT_IDS", "ios")], vec!["ONESTEP_SECRET_KEY", "ONESTEP_APPLE_AUDIENCES"]),
        (vec![("ONESTEP_APPLE_AUDIENCES", "bundle")], vec!["ONESTEP_SECRET_KEY", "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS"]),
        (
            vec![("ONESTEP_SECRET_KEY", " "), ("ONESTEP_APPLE_AUDIENCES", " , "), ("ONESTEP_SECRET_NAME", "x")],
            vec!["SECRET_KEY", "GOOGLE", "APPLE"],
        ),
        (vec![("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")], vec!["ONESTEP_SECRET_KEY", "GOOGLE", "APPLE"]),
    ] {
        let problems = read(&Environment::of(given.clone()), None).unwrap_err();
        assert_eq!(problems.0.len(), missing.len(), "{given:?}: {problems}");
        for (problem, name) in problems.0.iter().zip(missing) {
            assert!(problem.contains(name), "{problem} is not about {name}");
            assert!(problem.contains(": set "), "{problem} does not say what to do");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_unicode_is_named_and_does_not_count_as_missing() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let broken = |name: &str| Environment::of_system([(OsString::from(name), OsString::from_vec(vec![0xff, b'x']))]);
    for name in REQUIRED.map(|(name, _)| name) {
        assert_eq!(broken(name).run_mode(), RunMode::Server, "{name} is given, so this is no development server");
        let problems = read(&broken(name), None).unwrap_err();
        assert_eq!(problems.0[0], format!("{name} is not Unicode text: set it again"));
    }
    assert!(broken("PORT").port().is_err());
    let with_rest = [("ONESTEP_OPENAI_API_KEY".to_owned(), vec![0xff])]
        .into_iter()
        .chain(REQUIRED.map(|(name, value)| (name.to_owned(), value.into())));
    let environment = Environment::of_system(with_rest.map(|(name, value)| (name.into(), OsString::from_vec(value))));
    assert_eq!(read(&environment, None).unwrap_err().0, ["ONESTEP_OPENAI_API_KEY is not Unicode text: set it again"]);
    assert!(
        read(&Environment::of_system([(OsString::from("LS_COLORS"), OsString::from_vec(vec![0xff]))]), None).is_ok()
    );
}

#[test]
fn the_environment_comes_first_and_the_secret_may_use_the_names_of_the_original() {
    let secret = fields(json!({
        "SECRET_KEY": "the original's own signing key", "GCID": "a1, a2,,a1", "GOOGLE_IOS_CLIENT_ID": "i1", "APPLE_APP_ID": ["b1", "b2"],
        "ONESTEP_GOOGLE_IOS_CLIENT_IDS": "i2", "OPENAI_API_KEY": "sk-secret", "RESEND": "re-secret", "SENTRY_DSN": null, "DB_PASSWORD": 5,
    }));
    let settings = read(
        &Environment::of([("ONESTEP_SECRET_NAME", "onestep"), ("ONESTEP_RESEND_API_KEY", "re-environment")]),
        Some(&secret),
    )
    .unwrap()
    .settings;
    assert_eq!(settings.secret_key.reveal(), "the original's own signing key");
    assert_eq!(settings.google_android, ["a1", "a2"]);
    assert_eq!(settings.google_ios, ["i2"], "our own name comes before the original's");
    assert_eq!(settings.apple_audiences, ["b1", "b2"]);
    assert_eq!(settings.openai_key, Some(Secret::new("sk-secret")));
    assert_eq!(settings.resend_key, Some(Secret::new("re-environment")));
    assert_eq!(settings.sentry_dsn, None);
}

#[test]
fn what_cannot_be_used_is_told_without_its_value() {
    for (name, value, said) in [
        ("ONESTEP_GOOGLE_JWKS_URL", "not/hidden", "is not a URL"),
        ("ONESTEP_APPLE_JWKS_URL", "ftp://hidden/", "must begin with https://"),
        ("ONESTEP_OPENAI_BASE_URL", "http://hidden.example/v1", "must begin with https://"),
        ("ONESTEP_FCM_TOKEN_URL", "hidden", "is not a URL"),
        ("ONESTEP_SENTRY_DSN", "https://hidden/", "is not a DSN"),
        ("ONESTEP_SENTRY_DSN", "https://hidden@sentry.example", "is not a DSN"),
        ("ONESTEP_SENTRY_DSN", "http://hidden@sentry.example/1", "is not a DSN"),
        ("ONESTEP_FIREBASE", "{'hidden': 1}", "is not the JSON of a key"),
        ("ONESTEP_FIREBASE", r#"{"client_email": "hidden@x", "project_id": "p"}"#, "has no private_key"),
        (
            "ONESTEP_FIREBASE",
            r#"{"client_email": "x", "project_id": "p", "private_key": "hidden"}"#,
            "is not an RSA key",
        ),
        ("ONESTEP_OPENAI_API_KEY", "sk-hidden\nsk-hidden", "contains characters that are not allowed in a key"),
        ("ONESTEP_RESEND_API_KEY", "hidden für uns", "contains characters that are not allowed in a key"),
    ] {
        let problems = read(&environment(&[(name, value)]), None).unwrap_err();
        assert_eq!(problems.0.len(), 1, "{name}");
        assert!(problems.0[0].starts_with(name) && problems.0[0].contains(said), "{}", problems.0[0]);
        assert!(!problems.to_string().contains("hidden"), "{problems}");
    }
}

#[test]
fn services_of_others_can_be_moved_to_this_machine() {
    for (name, address) in [
        ("ONESTEP_GOOGLE_JWKS_URL", "http://127.0.0.1:5000/keys"),
        ("ONESTEP_GOOGLE_JWKS_URL", "http://localhost:5000/keys/"),
        ("ONESTEP_GOOGLE_JWKS_URL", "https://keys.example/keys"),
    ] {
        let settings = read(&environment(&[(name, address)]), None).unwrap().settings;
        assert_eq!(settings.urls.google_keys, address.trim_end_matches('/'));
    }
}

#[test]
fn a_function_is_told_that_it_keeps_no_files() {
    for (store, warned) in [("", true), ("dynamodb:onestep", false)] {
        let reading =
            read(&environment(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), ("ONESTEP_STORE", store)]), None)
                .unwrap();
        assert_eq!(reading.notes.iter().any(|note| note.contains("ONESTEP_STORE")), warned, "{:?}", reading.notes);
    }
}

#[test]
fn a_key_that_can_be_guessed_is_risky_but_works() {
    for (key, notes) in [("0123456789abcde", 5), ("0123456789abcdef", 4)] {
        let given = [
            ("ONESTEP_SECRET_KEY", key),
            ("ONESTEP_GOOGLE_IOS_CLIENT_IDS", "ios"),
            ("ONESTEP_APPLE_AUDIENCES", "bundle"),
        ];
        let reading = read(&Environment::of(given), None).unwrap();
        assert_eq!(reading.notes.len(), notes, "{:?}", reading.notes);
        assert!(!reading.notes.concat().contains(key));
    }
}

#[test]
fn a_developer_needs_no_settings_and_reading_them_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("rows.db").display());
    let environment = Environment::of([("ONESTEP_STORE", store.as_str())]);
    let start = || read(&environment, None).unwrap();
    let (first, second) = (start(), start());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_ne!(first.settings.secret_key, second.settings.secret_key, "without a file, a key is of one process");
    assert!(
        first.notes[0].contains("for development only") && first.notes[0].contains("rows.db.key does not exist"),
        "{}",
        first.notes[0]
    );
    assert!(first.settings.apple_audiences.is_empty() && first.settings.google_audiences().next().is_none());

    development_key::create_if_missing(&development_key_file(&environment).unwrap()).unwrap();
    let (first, second) = (start(), start());
    assert_eq!(first.settings.secret_key, second.settings.secret_key, "with the file, users stay signed in");
    assert_eq!(first.settings.secret_key.reveal().len(), 64);
    assert!(first.notes[0].contains("kept in") && first.notes[0].contains("rows.db.key"), "{}", first.notes[0]);
}

#[test]
fn only_a_development_server_with_a_file_keeps_a_key() {
    for (given, file) in [
        (vec![], Some("onestep.db.key")),
        (vec![("ONESTEP_STORE", "sqlite:a/rows.db")], Some("a/rows.db.key")),
        (vec![("ONESTEP_STORE", "sqlite::memory:")], None),
        (vec![("ONESTEP_STORE", "dynamodb:onestep")], None),
        (vec![("ONESTEP_SECRET_KEY", "0123456789abcdef")], None),
        (vec![("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")], None),
    ] {
        assert_eq!(development_key_file(&Environment::of(given.clone())), file.map(PathBuf::from), "{given:?}");
    }
}

#[test]
fn where_the_process_runs() {
    for (given, place) in [
        (vec![], RunMode::Development),
        (vec![("ONESTEP_OPENAI_API_KEY", "sk"), ("PORT", "8080")], RunMode::Development),
        (vec![("ONESTEP_SECRET_NAME", "onestep")], RunMode::Server),
        (vec![("ONESTEP_APPLE_AUDIENCES", "bundle")], RunMode::Server),
        (vec![("ONESTEP_APPLE_AUDIENCES", " ")], RunMode::Development),
        (vec![("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")], RunMode::Lambda),
    ] {
        assert_eq!(Environment::of(given.clone()).run_mode(), place, "{given:?}");
    }
    for (port, read) in [
        ("", Some(8000)),
        ("80", Some(80)),
        (" 9000 ", Some(9000)),
        ("0", Some(0)),
        ("65536", None),
        ("http", None),
        ("-1", None),
    ] {
        assert_eq!(Environment::of([("PORT", port)]).port().ok(), read, "{port:?}");
    }
}

#[test]
fn nothing_prints_a_value() {
    let environment = environment(&[("ONESTEP_OPENAI_API_KEY", "sk-hidden")]);
    let printed = format!("{environment:?} {:?}", read(&environment, None).unwrap());
    assert!(!printed.contains("hidden") && !printed.contains("long enough"), "{printed}");
}
