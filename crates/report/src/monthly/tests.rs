use chrono_tz::Tz;
use model::currency::UnitsPerUsd;

use super::samples::{december, month_of_services, nothing, number, service};
use super::*;
use crate::{html, markdown};

fn style(language: Language, rate: Option<&str>) -> ReportStyle {
    let rate = rate.map(|per_usd| ExchangeRate { code: "KRW".to_owned(), per_usd: UnitsPerUsd(number(per_usd)) });
    ReportStyle { language, rate, ..ReportStyle::plain(Tz::Asia__Seoul) }
}

/// The report in all forms: text, Markdown, HTML.
fn forms(report: &MonthReport, style: &ReportStyle) -> [String; 3] {
    let page = page(report, style);
    [page.plain_text(), markdown(&page), html(report, style)]
}

fn check(report: &MonthReport, style: &ReportStyle, expected: &[&str]) {
    let text = page(report, style).plain_text();
    for words in expected {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

#[test]
fn a_reader_finds_the_total_its_change_and_the_reasons_in_words() {
    check(
        &december(),
        &style(Language::En, None),
        &[
            "Report for December 2024",
            "Total 30.30 USD (1 Dec to 29 Dec, partly provisional: it may still change), 21.57 USD more (+247%) than in November 2024 (8.73 USD).",
            "- +24.50 USD: Amazon Relational Database Service, new on the bill (APN2-InstanceUsage:db.t3.micro)",
            "- -3.38 USD: AmazonCloudWatch, less was used (APN2-CW:Requests)",
            "- +0.95 USD: Tax, tax",
            "The costs are those of 2 accounts: 111122223333, 444455556666",
        ],
    );
}

#[test]
fn a_reader_finds_everything_else_that_is_known() {
    check(
        &december(),
        &style(Language::En, None),
        &[
            "and 1 under half a cent",
            "▅▅▅▅▅▅▅▅▅████",
            "The most expensive day was 10 Dec with 1.20 USD. Provisional: 28 Dec to 29 Dec. Cost unknown: 20 Dec.",
            "db.t3.micro, available, no connection for 20 days",
            "backend-dev: 10,000 pings, for 0.43 USD",
            "9,600 reached a warm environment, 260 caused a cold start, 130 failed or timed out; for 10 it is unknown.",
            "Its log shows 250 other invocations; at most 40 of them waited for a cold start.",
            "The number of cold starts without pings is unknown.",
            "21 Dec 00:10  2 d 3 h, still open  critical  init  backend-dev: the init phase takes too long (slow_cold_start)",
            "18 Dec 10:07                  function/backend-dev  deploy: code_sha256 1 -> 2  UpdateFunctionCode20150331v2, soyoung",
            "20 Dec 09:55 to 20 Dec 10:10  function/backend-dev  memory 1 -> 2",
            "130 × the init phase takes too long; 2 × of_a_later_version",
            "As of 30 Dec, the month is forecast to end at 32.70 USD; four of five months end between 31.10 USD and 34.90 USD.",
            "On 15 Nov the forecast was 8.80 USD (0.8% off); the average of the days so far gave 9.60 USD (10.0% off).",
            "aws rds delete-db-instance --db-instance-identifier dev --final-db-snapshot-identifier dev-final",
            "18.98 USD",
            "20 Dec 12:00",
            "The monitor's own AWS calls cost 0.13 USD of at most 1.00 USD a month (13 × ce:GetCostAndUsage; 12,345 free calls).",
        ],
    );
}

#[test]
fn a_korean_reader_finds_it_in_korean_with_won_beside_dollars() {
    check(
        &december(),
        &style(Language::Ko, Some("1450")),
        &[
            "2024년 12월 보고서",
            "총액 30.30 USD (43,935 KRW) (12월 1일~12월 29일, 일부 미확정(금액이 바뀔 수 있음)), 전월 대비 21.57 USD (31,277 KRW) 증가 (+247%), 2024년 11월 8.73 USD (12,659 KRW).",
            "+24.50 USD (35,525 KRW): Amazon Relational Database Service, 새로 청구됨",
            "backend-dev: 핑 10,000회, 비용 0.43 USD (627 KRW)",
            "그중 콜드 스타트를 기다린 호출은 최대 40회",
            "초기화가 너무 오래 걸림 130건",
            "심각",
            "2일 3시간, 진행 중",
            "backend-dev: the init phase takes too long (slow_cold_start)",
            "내용은 알림을 보낸 시점의 원문입니다.",
            "단순 예측은 9.60 USD (13,920 KRW) (오차 10.0%)",
            "(월 한도 1.00 USD)",
        ],
    );
}

#[test]
fn nothing_known_is_said_and_nothing_is_shown_as_zero() {
    let known = Some(DayRange { first: samples::day(3), last: samples::day(9) });
    for (language, said, to_do) in [
        (
            Language::En,
            "No cost is known for this month. Costs are known from 2024-12-03 to 2024-12-09.",
            "read.cost_explorer",
        ),
        (
            Language::Ko,
            "비용 정보가 없습니다. 비용 정보가 있는 기간은 2024-12-03부터 2024-12-09까지입니다.",
            "read.cost_explorer",
        ),
    ] {
        let style = ReportStyle { known, ..style(language, Some("1450")) };
        let [text, _, html] = forms(&nothing(), &style);
        assert!(text.contains(said) && text.contains(to_do), "{text}");
        let but_own_cost = text.split("0.00 USD (0 KRW)").collect::<Vec<_>>();
        assert!(but_own_cost.len() == 2 && !but_own_cost[0].contains("0.00"), "{text}");
        assert!(!html.contains("<svg"), "{html}");
    }
}

#[test]
fn what_only_looks_like_markup_stays_text_in_every_form() {
    for hostile in [
        "<script>alert(1)</script>",
        "a & b",
        "x | y | z",
        "*bold* `code`\nand\u{1b}[31m a new line",
        "![i](https://evil.example/x.png)",
        "\u{202e}desrever",
    ] {
        let mut report = december();
        report.services[0].service = hostile.to_owned();
        report.services[0].resources[0].id = hostile.to_owned();
        report.reasons[0].service = hostile.to_owned();
        report.incidents[0].headline = hostile.to_owned();
        report.idle[0].next_step = hostile.to_owned();
        report.lambda[0].function = hostile.to_owned();
        report.daily[0].services.insert(hostile.to_owned(), number("5"));
        let [text, markdown, html] = forms(&report, &style(Language::En, None));
        for form in [&text, &markdown, &html] {
            assert!(!form.contains(['\u{1b}', '\u{202e}']), "{form:?}");
        }
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        let mut width = None;
        for line in markdown.lines() {
            if !line.starts_with("| ") {
                width = None;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            assert_eq!(*width.get_or_insert(cells), cells, "{line}");
        }
        assert!(!markdown.lines().any(|line| line.contains("](https://") && !line.starts_with("      ")), "{markdown}");
    }
}

#[test]
fn a_month_of_credits_has_a_negative_total_and_no_bar_that_lies() {
    let report = MonthReport {
        settled: true,
        days: december().days,
        currency: Some("USD".to_owned()),
        total: Some(number("-4.20")),
        previous_total: Some(number("1000")),
        services: vec![
            service("AWS Lambda", "0.80", Some("1000"), "USD"),
            service("Credits", "-5.00", Some("0"), "USD"),
        ],
        ..nothing()
    };
    check(
        &report,
        &style(Language::En, None),
        &["Total -4.20 USD (settled), 1,004.20 USD less (-100%) than in November 2024 (1,000.00 USD).", "-5.00 USD"],
    );
    let credits = page(&report, &style(Language::En, None))
        .plain_text()
        .lines()
        .find(|line| line.contains("Credits"))
        .unwrap()
        .to_owned();
    assert!(!credits.contains('█'), "{credits}");
}

#[test]
fn of_forty_services_the_largest_have_a_row_and_the_rest_is_summed_to_the_cent() {
    let report = month_of_services(40);
    // The services 16 to 40 cost 25, 24, ... 1 cents a day: 325 cents on each of 31 days.
    check(
        &report,
        &style(Language::En, None),
        &["Service 00", "Service 14", "and 25 more services: 100.75 USD together", "Total 254.20 USD (settled)"],
    );
    assert!(!page(&report, &style(Language::En, None)).plain_text().contains("Service 15"));
}

#[test]
fn two_currencies_have_no_total_and_only_dollars_a_second_currency() {
    let report = MonthReport {
        days: december().days,
        services: vec![service("Amazon S3", "1234.50", None, "CNY"), service("AWS Lambda", "2", None, "USD")],
        ..nothing()
    };
    check(
        &report,
        &style(Language::En, Some("1450")),
        &["more than one currency", "1,234.50 CNY ", "2.00 USD (2,900 KRW)", "unknown"],
    );
}

#[test]
fn what_the_log_does_not_show_is_not_claimed_of_the_pings() {
    for (invocations, said) in [
        (Some(9_000), "Its log was read only in part (9,000 invocations), so other invocations are unknown."),
        (Some(10_000), "Its log, as far as it was read, shows no other invocation."),
        (None, "Its log was not read, so other invocations are unknown."),
    ] {
        let mut report = december();
        match invocations {
            Some(invocations) => report.lambda[0].invocations = invocations,
            None => report.lambda.clear(),
        }
        check(&report, &style(Language::En, None), &[said]);
    }
    let mut report = december();
    (report.pings[0].usd, report.pings[0].unpriced) = (Decimal::ZERO, 10_000);
    check(&report, &style(Language::En, None), &["10,000 pings, at an unknown price"]);
}

#[test]
fn a_page_for_a_browser_has_its_chart_and_loads_and_runs_nothing() {
    let html = html(&december(), &style(Language::Ko, None));
    assert!(html.contains("<html lang=\"ko\">") && html.contains("<svg") && html.contains("옅은 빗금"), "{html}");
    assert!(
        !html.contains("<script") && !html.contains("<link") && !html.contains("src=") && !html.contains("@import"),
        "{html}"
    );
    let outside: Vec<&str> =
        html.split("http").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
    assert!(outside.iter().all(|rest| *rest == "://www.w3.org/2000/svg"), "{outside:?}");
}

#[test]
fn a_page_survives_the_outbox() {
    let page = page_with_picture(&december(), &style(Language::Ko, Some("1450")));
    assert!(page.picture.is_some());
    let stored = serde_json::to_string(&page).unwrap();
    assert_eq!(serde_json::from_str::<ReportPage>(&stored).unwrap(), page);
}
