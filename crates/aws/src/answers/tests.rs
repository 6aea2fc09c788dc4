use aws_sdk_cloudwatch::primitives::DateTime as SdkTime;
use aws_sdk_costexplorer::types::MetricValue;

use super::*;

/// A group of Lambda's cost with this amount and unit, `-` for one that is not there.
fn group(amount: &str, unit: &str) -> Group {
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    let value = MetricValue::builder().set_amount(given(amount)).set_unit(given(unit)).build();
    Group::builder().keys("AWS Lambda").keys("Usage").metrics("UnblendedCost", value).build()
}

#[test]
fn an_amount_without_a_currency_is_not_taken_for_dollars() {
    for (amount, unit, expected) in [
        ("1.5", "USD", Ok(("1.5", "USD"))),
        ("1.5E-7", "CNY", Ok(("0.00000015", "CNY"))),
        ("1.5", "-", Err("no currency")),
        ("1.5", "", Err("no currency")),
        ("-", "USD", Err("no amount")),
        ("much", "USD", Err("`much` is not an amount (UnblendedCost of AWS Lambda)")),
        ("-999999999999.9999999999", "USD", Ok(("-999999999999.9999999999", "USD"))),
        (
            "1000000000000",
            "USD",
            Err(
                "`1000000000000` is too large for an amount; it must be below 1000000000000 (UnblendedCost of AWS Lambda)",
            ),
        ),
        ("-1E12", "USD", Err("`-1000000000000` is too large for an amount")),
    ] {
        let billed = billed(&group(amount, unit), &[SERVICE, RECORD_TYPE], "UnblendedCost");
        match (billed, expected) {
            (Ok(billed), Ok((amount, currency))) => {
                assert_eq!(billed.money, Money { amount: amount.parse().unwrap(), currency: currency.to_owned() });
            }
            (Err(said), Err(why)) => assert!(said.contains(why), "{said}"),
            (found, expected) => panic!("{found:?} and not {expected:?}"),
        }
    }
}

#[test]
fn a_quantity_that_is_too_large_is_refused_and_not_left_out() {
    let value = |amount: &str, unit: &str| MetricValue::builder().amount(amount).unit(unit).build();
    let group = |quantity: &str| {
        Group::builder()
            .keys("S3")
            .keys("Bytes")
            .metrics("UnblendedCost", value("1", "USD"))
            .metrics(QUANTITY, value(quantity, "GB"))
            .build()
    };
    let read = |quantity: &str| billed(&group(quantity), &[SERVICE, USAGE_TYPE], "UnblendedCost");
    assert_eq!(read("2.5").map(|billed| billed.quantity), Ok(Some(("2.5".parse().unwrap(), "GB".to_owned()))));
    // A terabyte a day in bytes.
    assert!(read("1000000000000").is_ok());
    for (quantity, why) in [
        (
            "1000000000000000000",
            "`1000000000000000000` is too large for an amount; it must be below 1000000000000000000 (the quantity of S3)",
        ),
        ("many", "`many` is not an amount (the quantity of S3)"),
    ] {
        assert_eq!(read(quantity).unwrap_err(), why);
    }
}

#[test]
fn a_group_without_what_it_is_grouped_by_is_not_taken_for_usage() {
    let group = Group::builder()
        .keys("S3")
        .metrics("UnblendedCost", MetricValue::builder().amount("1").unit("USD").build())
        .build();
    for (second, why) in
        [(RECORD_TYPE, "a group of S3 without its RECORD_TYPE"), (USAGE_TYPE, "a group of S3 without its USAGE_TYPE")]
    {
        assert_eq!(billed(&group, &[SERVICE, second], "UnblendedCost").unwrap_err(), why);
    }
    let read = billed(&group, &[SERVICE], "UnblendedCost").unwrap();
    assert_eq!((read.record_type.as_str(), read.usage_type.as_str()), (DayCost::USAGE, ""));
}

#[test]
fn an_event_without_a_time_is_not_put_anywhere() {
    let event = || FilteredLogEvent::builder().log_stream_name("s").message("m").event_id("");
    assert_eq!(log_event(&event().timestamp(5).build()).map(|event| (event.at_ms, event.id)), Ok((5, None)));
    assert_eq!(log_event(&event().build()).unwrap_err(), "an event without a time");
    assert_eq!(
        log_event(&FilteredLogEvent::builder().timestamp(5).message("m").build()).unwrap_err(),
        "an event without a log stream"
    );
    assert_eq!(
        log_event(&FilteredLogEvent::builder().timestamp(5).log_stream_name("s").build()).unwrap_err(),
        "an event without a message"
    );
}

#[test]
fn a_retention_that_cannot_be_read_is_not_taken_for_none() {
    let group =
        |days: Option<i32>| log_group(&SdkLogGroup::builder().log_group_name("g").set_retention_in_days(days).build());
    assert_eq!(group(Some(14)).map(|group| group.retention_days), Ok(Some(14)));
    assert_eq!(group(None).map(|group| group.retention_days), Ok(None));
    assert!(group(Some(-1)).is_err());
    assert!(log_group(&SdkLogGroup::builder().build()).is_err(), "a log group without a name is not left out");
    assert!(log_group(&SdkLogGroup::builder().log_group_name("g").creation_time(i64::MAX).build()).is_err());
}

#[test]
fn a_function_that_cannot_be_read_is_not_left_out() {
    let function = |name: Option<&str>, memory: Option<i32>, modified: &str| {
        let built = FunctionConfiguration::builder()
            .set_function_name(name.map(str::to_owned))
            .set_memory_size(memory)
            .last_modified(modified)
            .build();
        function_settings(&built)
    };
    let time = "2024-12-20T01:02:03.000+0000";
    assert_eq!(
        function(Some("f"), Some(512), time).map(|read| (read.memory_mb, read.modified)),
        Ok((512, "2024-12-20T01:02:03Z".parse().ok()))
    );
    assert!(function(Some("f"), Some(512), "2024-12-20T01:02:03.115990000Z").is_ok());
    for (name, memory, modified, why) in [
        (None, Some(512), time, "without a name"),
        (Some("f"), None, time, "no memory size of f"),
        (Some("f"), Some(1), "today", "`today` as the time f"),
    ] {
        let said = function(name, memory, modified).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn the_log_group_of_a_function_and_the_class_of_a_group_are_read() {
    let function = |config: Option<LoggingConfig>| {
        let built = FunctionConfiguration::builder().function_name("f").memory_size(128);
        function_settings(&built.set_logging_config(config).build()).map(|read| read.log_group)
    };
    let named = |group: Option<&str>| LoggingConfig::builder().set_log_group(group.map(str::to_owned)).build();
    assert_eq!(function(Some(named(Some("/prod/shared")))), Ok(Some("/prod/shared".to_owned())));
    for none in [None, Some(named(None)), Some(named(Some("")))] {
        assert_eq!(function(none), Ok(None));
    }
    for (class, expected) in [
        (None, None),
        (Some(LogGroupClass::Standard), None),
        (Some(LogGroupClass::InfrequentAccess), Some(LogClass::InfrequentAccess)),
        (Some(LogGroupClass::Delivery), Some(LogClass::Delivery)),
    ] {
        let built = SdkLogGroup::builder().log_group_name("g").set_log_group_class(class).build();
        assert_eq!(log_group(&built).map(|read| read.class), Ok(expected));
    }
}

#[test]
fn environments_that_are_not_counted_are_not_none() {
    let config = |count: Option<i32>| {
        let config = ProvisionedConcurrencyConfigListItem::builder().function_arn("arn:aws:lambda:r:1:function:f:live");
        config.set_requested_provisioned_concurrent_executions(count).status("READY".into()).build()
    };
    assert_eq!(
        provisioned(&config(Some(2))).map(|read| (read.qualifier, read.environments)),
        Ok(("live".to_owned(), 2))
    );
    assert!(provisioned(&config(None)).unwrap_err().contains("no number of environments of live"));
}

#[test]
fn a_point_with_a_figure_missing_is_not_dropped() {
    let whole = || Datapoint::builder().timestamp(SdkTime::from_secs(60)).sum(1.0).maximum(2.0).average(0.5);
    assert_eq!(point(&whole().build()).map(|read| (read.at.timestamp(), read.maximum)), Ok((60, 2.0)));
    assert!(point(&whole().set_sum(None).build()).unwrap_err().contains("no sum"));
    assert!(point(&whole().set_timestamp(None).build()).unwrap_err().contains("without a time"));
    assert!(point(&whole().average(f64::NAN).build()).unwrap_err().contains("no average"));
}
