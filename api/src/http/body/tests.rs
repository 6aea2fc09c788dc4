use serde_json::json;

use super::*;

fn check<T: std::fmt::Debug + PartialEq>(
    read: impl Fn(&Value) -> Result<T, String>,
    given: Value,
    expected: Result<T, &str>,
) {
    assert_eq!(read(&given), expected.map_err(str::to_owned), "{given}");
}

#[test]
fn keys_may_be_in_either_case_at_any_depth() {
    let read =
        parse(br#"{"todoId": "3", "patchRank": {"prevId": 1, "next_id": null}, "list": [{"dueTime": "x"}], "ABC": 1}"#);
    assert_eq!(
        read.expect("JSON"),
        json!({"todo_id": "3", "patch_rank": {"prev_id": 1, "next_id": null}, "list": [{"due_time": "x"}], "a_b_c": 1})
    );
    assert_eq!(parse(b" \n").expect("nothing"), json!({}));
}

#[test]
fn what_is_no_json_is_refused_and_not_a_panic() {
    let deep = "[".repeat(100_000);
    let half = r#"{"content": "\ud83d"}"#;
    for given in ["{", "{\"a\":}", "\u{feff}{}", deep.as_str(), half, "nul", "{} {}"] {
        let sentence = match parse(given.as_bytes()) {
            Err(ApiError::Bad(sentence)) => sentence,
            other => panic!("{other:?}"),
        };
        assert!(sentence.starts_with("JSON parse error - "), "{sentence}");
    }
    assert!(parse(b"{\"a\": \"\xff\"}").is_err());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_called_too_large() {
    let broken = [Ok(bytes::Bytes::from_static(b"{\"a\":")), Err(std::io::Error::other("the client went away"))];
    let broken = axum::body::Body::from_stream(futures::stream::iter(broken));
    let large = axum::body::Body::from_stream(futures::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 4096]))
    }));
    for (body, refusal) in [
        (broken, ApiError::Bad("The body broke off.".to_owned())),
        (large, ApiError::TooLarge(format!("A body may have {MAX_BYTES} bytes."))),
    ] {
        assert_eq!(Body::from_request(Request::new(body), &()).await.err(), Some(refusal));
    }
}

#[test]
fn text_is_trimmed_counted_in_characters_and_may_be_given_as_a_number() {
    check(text(3), json!("  할일 "), Ok("할일".to_owned()));
    check(text(3), json!("🙂🙂🙂"), Ok("🙂🙂🙂".to_owned()));
    check(text(3), json!(12), Ok("12".to_owned()));
    check(text(3), json!("abcd"), Err("Ensure this field has no more than 3 characters."));
    check(text(3), json!(" \t"), Err("This field may not be blank."));
    check(text(3), json!("a\u{0}"), Err("Null characters are not allowed."));
    for odd in [json!(true), json!([]), json!({})] {
        check(text(3), odd, Err("Not a valid string."));
    }
}

#[test]
fn a_whole_number_may_be_given_as_text_but_not_as_a_truth_or_a_fraction() {
    for given in [json!(7), json!("7"), json!(" 7 "), json!(7.0), json!("7.0")] {
        check(integer, given, Ok(7));
    }
    for odd in [
        json!(7.5),
        json!("7.5"),
        json!("x"),
        json!(""),
        json!(true),
        json!([7]),
        json!(1e300),
        json!("99999999999999999999"),
    ] {
        check(integer, odd, Err("A valid integer is required."));
    }
    check(integer_within(0, 8), json!(9), Err("Ensure this value is less than or equal to 8."));
    check(integer_within(0, 8), json!(-1), Err("Ensure this value is greater than or equal to 0."));
}

#[test]
fn a_truth_may_be_given_in_words() {
    for given in [json!(true), json!("true"), json!("True"), json!(1), json!("1"), json!("yes"), json!("on")] {
        check(boolean, given, Ok(true));
    }
    for given in [json!(false), json!("false"), json!(0), json!("0"), json!("no"), json!("OFF")] {
        check(boolean, given, Ok(false));
    }
    for odd in [json!(2), json!("maybe"), json!([]), json!({})] {
        check(boolean, odd, Err("Must be a valid boolean."));
    }
}

#[test]
fn days_and_times_that_do_not_exist_are_refused() {
    const NO_DATE: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
    const NO_TIME: &str = "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].";
    check(date, json!("2024-02-29"), Ok(NaiveDate::from_ymd_opt(2024, 2, 29).expect("a day")));
    check(date, json!("2024-2-9"), Ok(NaiveDate::from_ymd_opt(2024, 2, 9).expect("a day")));
    for odd in [
        json!("2023-02-29"),
        json!("2024-13-01"),
        json!("24-01-01"),
        json!("2024-01-01T00:00"),
        json!("0000-01-01"),
        json!(20240101),
        json!(""),
    ] {
        check(date, odd, Err(NO_DATE));
    }
    check(time, json!("9:05"), Ok(NaiveTime::from_hms_opt(9, 5, 0).expect("a time")));
    check(time, json!("23:59:59.5"), Ok(NaiveTime::from_hms_micro_opt(23, 59, 59, 500_000).expect("a time")));
    for odd in [
        json!("24:00"),
        json!("12:60"),
        json!("12:00:60"),
        json!("12"),
        json!("12:00.5"),
        json!("12:00:00."),
        json!("noon"),
        json!(12),
        json!("+1:00"),
    ] {
        check(time, odd, Err(NO_TIME));
    }
}

#[test]
fn a_row_is_named_by_a_number_or_a_number_in_text() {
    check(row, json!(5), Ok(5));
    check(row, json!("5"), Ok(5));
    check(row, json!("x"), Err("Incorrect type. Expected pk value, received str."));
    check(row, json!([]), Err("Incorrect type. Expected pk value, received list."));
    check(row, json!(true), Err("Incorrect type. Expected pk value, received bool."));
    check(row, json!(1e30), Err("Invalid pk \"1e+30\" - object does not exist."));
    check(choice(&["10", "20"]), json!(10), Ok("10".to_owned()));
    check(choice(&["10", "20"]), json!("33"), Err("\"33\" is not a valid choice."));
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_in_camel_case() {
    let mut form = Form::new(json!({"due_time": "x", "content": null}));
    form.required("content", text(255));
    form.required("category_id", row);
    form.nullable("due_time", time);
    let faults = form.into_errors().into_value();
    assert_eq!(faults["content"], json!(["This field may not be null."]));
    assert_eq!(faults["categoryId"], json!(["This field is required."]));
    assert_eq!(
        faults["dueTime"],
        json!(["Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]]."])
    );
}
