//! `monitor run --once` over an account that was filled from outside.

use chrono::TimeDelta;
use serde_json::json;

use crate::world::{SOON, World, ago, answer, billed, now};

const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";
const RDS: &str = "Amazon Relational Database Service";

const TABLES: &str = r#"
[aws]
max_monthly_usd = "1.00"
[watch.spend]
cron = "0 10 */6 * * *"
read.cost_explorer = { settle = "48h" }
[watch.backend]
every = "30s"
read.lambda_logs = { functions = ["backend-*"] }
[warm.backend]
every = "2m"
function = "backend-dev"
[alert.rds-bill]
when.cost_above = { service = "Amazon Relational Database Service", per = "month", usd = "20" }
tell = ["team", "me"]
[alert.init]
when.lambda_cause = { causes = ["init_timeout", "slow_cold_start", "reinit_loop"], count = 2, within = "10m" }
severity = "critical"
tell = ["team", "me"]
[alert.broken]
when.lambda_cause = { causes = ["oom", "import_error"], count = 1, within = "1h" }
tell = ["me"]
"#;

/// Two start-ups that never end, in text, and one missing module, in JSON.
async fn fill_logs(world: &World) {
    let group = "/aws/lambda/backend-dev";
    world.ministack.create_log_group(group).await;
    let first = format!("2024-12-27T02:22:50.217Z {ID} Task timed out after 30.03 seconds\n\n");
    let second = first.replace("e11db634", "e11db635");
    world
        .ministack
        .put_log_events(
            group,
            "2026/11/22/[$LATEST]aaa",
            &[
                (ago(300), "Instancing.."),
                (ago(285), "Instancing.."),
                (ago(270), &first),
                (ago(269), "INIT_START Runtime Version: python:3.12.v38"),
                (ago(180), "Instancing.."),
                (ago(150), &second),
            ],
        )
        .await;
    let started = json!({"time": "t", "type": "platform.start", "record": {"requestId": ID}}).to_string();
    let failed = json!({"timestamp": "t", "level": "ERROR", "requestId": ID, "errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module 'app': No module named 'requests' for <!channel> & <b>you</b>"}).to_string();
    let report = json!({"time": "t", "type": "platform.report", "record": {"requestId": ID, "status": "error", "errorType": "Runtime.ImportModuleError", "metrics": {"durationMs": 12.5, "billedDurationMs": 13, "memorySizeMB": 512, "maxMemoryUsedMB": 80}}}).to_string();
    world
        .ministack
        .put_log_events(
            group,
            "2026/11/22/[$LATEST]bbb",
            &[(ago(100), &started), (ago(99), &failed), (ago(98), &report)],
        )
        .await;
}

/// The month so far on two pages, cut in the middle of a day.
async fn fill_bill(world: &World) {
    let today = now().date_naive();
    let (day, end) = (today.to_string(), (today + TimeDelta::days(1)).to_string());
    let pages = [
        answer(&[billed(&day, &end, true, &[(RDS, "25.0300000001"), ("AWS Lambda", "0")])], Some("page-2")),
        answer(&[billed(&day, &end, true, &[("Tax", "3.4199999999"), ("AWS Secrets Manager", "0.4")])], None),
    ];
    world.moto.queue_cost_results(&pages).await;
}

#[tokio::test]
async fn everybody_is_told_once_and_again_only_of_what_is_new() {
    let world = World::new().await;
    world.configure(TABLES);
    world.ministack.create_function("backend-dev", "def handler(event, context):\n    return event\n", 3, 256).await;
    fill_logs(&world).await;
    fill_bill(&world).await;

    let output = world.monitor(&["run", "--once"]).run();
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let told = world.slack.requests();
    assert_eq!(world.told(), ["[critical] backend-dev: the init phase takes too long (slow_cold_start), and 1 more"]);
    assert!(told[0].body.contains("Amazon Relational Database Service costs 25.03 USD"), "{}", told[0].body);
    let mails = world.mail.wait_for(1, SOON).await;
    assert_eq!(mails.len(), 1, "what opens together is one mail: {mails:?}");
    let mail = &mails[0].replace("=\r\n", "").replace("=\n", "");
    for part in [
        "import_error",
        "slow_cold_start",
        "text/html",
        "text/plain",
        "&lt;!channel&gt; &amp; &lt;b&gt;you&lt;/b&gt;",
        "3 incidents: ",
    ] {
        assert!(mail.contains(part), "`{part}` is not in:\n{mail}");
    }
    assert!(!told.iter().any(|request| request.body.contains("<!")));

    let output = world.monitor(&["run", "--once"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!((world.told().len(), world.mail.mails().len()), (1, 1), "a second pass says nothing again");

    let oom = format!(
        "REPORT RequestId: {ID}\tDuration: 900.00 ms\tBilled Duration: 900 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory"
    );
    world.ministack.create_log_group("/aws/lambda/backend-worker").await;
    world.ministack.put_log_events("/aws/lambda/backend-worker", "2026/11/22/[$LATEST]ccc", &[(ago(10), &oom)]).await;
    let output = world.monitor(&["run", "--once"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let mails = world.mail.wait_for(2, SOON).await;
    assert!(mails.len() == 2 && mails[1].contains("backend-worker") && mails[1].contains("oom"), "{}", mails[1]);
    assert_eq!(world.told().len(), 1);

    let report = world.report(&now().format("%Y-%m").to_string());
    assert_eq!(
        (report["total"].as_str(), report["services"][0]["amount"].as_str()),
        (Some("28.8500000000"), Some("25.0300000001")),
        "{report:#}"
    );
    let dev = report["lambda"].as_array().unwrap().iter().find(|line| line["function"] == "backend-dev").unwrap();
    assert_eq!(
        (dev["timeouts"].as_u64(), dev["causes"][0]["code"].as_str(), dev["causes"][0]["count"].as_u64()),
        (Some(2), Some("slow_cold_start"), Some(2)),
        "{report:#}"
    );
    assert_eq!(report["pings"][0]["sent"].as_u64(), Some(3));
    assert_eq!(report["incidents"].as_array().map(Vec::len), Some(4), "{report:#}");
    assert_eq!(
        report["own_cost"]["usd"].as_str(),
        Some("0.02"),
        "two pages, and no second poll before its time: {report:#}"
    );
}

#[tokio::test]
async fn the_report_of_a_past_month_follows_its_schema() {
    let world = World::new().await;
    world.configure("[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n");
    let december = |day: u32, amount: &str| {
        billed(
            &format!("2024-12-{day:02}"),
            &format!("2024-12-{:02}", day + 1),
            false,
            &[(RDS, amount), ("Refund <b>", "-0.10")],
        )
    };
    let november = billed("2024-11-30", "2024-12-01", false, &[("AWS Lambda", "0.0000001")]);
    world.moto.queue_cost_results(&[answer(&[november, december(1, "1.10"), december(2, "2.20")], None)]).await;
    assert_eq!(world.monitor(&["run", "--once"]).run().code, Some(0));

    let report = world.report("2024-12");
    assert_eq!(
        (report["total"].as_str(), report["previous_total"].as_str(), report["settled"].as_bool()),
        (Some("3.10"), Some("0.0000001"), Some(false)),
        "{report:#}"
    );
    crate::support::schema::holds("docs/report.schema.json", &report);
    crate::support::schema::holds("docs/report.schema.json", &world.report("1999-01"));
    let status = world.monitor(&["status", "--format", "json"]).run();
    crate::support::schema::holds("docs/status.schema.json", &serde_json::from_str(&status.stdout).expect("JSON"));
    let check = world.monitor(&["check", "--live", "--format", "json"]).run();
    crate::support::schema::holds("docs/check.schema.json", &serde_json::from_str(&check.stdout).expect("JSON"));

    let text = world.monitor(&["report", "--month", "2024-12"]).run();
    assert!(text.stdout.contains("Total 3.10 USD") && text.stdout.contains(RDS), "{}", text.stdout);
    assert_eq!(world.monitor(&["report", "--month", "2024-13"]).run().code, Some(64));
}
