//! Log events through the real SDK, page by page and poll by poll: each counted once.

use crate::world::{World, ago, now};

const TABLES: &str = "[watch.logs]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"busy\"], overlap = \"10m\" }\n";

/// So many report lines, a millisecond apart, the last of them `seconds` ago.
fn reports(stream: u32, count: i64, seconds: i64) -> Vec<(i64, String)> {
    let line = |n: i64| {
        format!(
            "REPORT RequestId: {stream:08}-0000-4000-8000-{n:012}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
        )
    };
    (0..count).map(|n| (ago(seconds) - count + n, line(n))).collect()
}

async fn put(world: &World, stream: &str, events: &[(i64, String)]) {
    for part in events.chunks(5000) {
        let part: Vec<(i64, &str)> = part.iter().map(|(at, text)| (*at, text.as_str())).collect();
        world.moto.put_log_events("/aws/lambda/busy", stream, &part).await;
    }
}

/// One pass over moto, which pages as AWS does, and the invocations counted so far.
fn counted(world: &World) -> u64 {
    let output = world.monitor(&["run", "--once"]).env("AWS_ENDPOINT_URL", world.moto.url()).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    world.report(&now().format("%Y-%m").to_string())["lambda"][0]["invocations"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn events_on_many_pages_late_ones_and_equal_ones_are_counted_once_each() {
    let world = World::new().await;
    world.configure(TABLES);
    world.moto.create_log_group("/aws/lambda/busy").await;
    // More than one page holds.
    put(&world, "2026/11/22/[$LATEST]a", &reports(1, 12_000, 60)).await;
    assert_eq!(counted(&world), 12_000);
    assert_eq!(counted(&world), 12_000, "what was read is not counted again");

    // Older than what has been read, and in another stream.
    put(&world, "2026/11/22/[$LATEST]b", &reports(2, 50, 90)).await;
    assert_eq!(counted(&world), 12_050);

    // The same words at the same time in two streams are two events.
    let same = reports(3, 1, 30);
    put(&world, "2026/11/22/[$LATEST]a", &same).await;
    put(&world, "2026/11/22/[$LATEST]b", &same).await;
    assert_eq!(counted(&world), 12_052);
    assert_eq!(counted(&world), 12_052);
}

#[tokio::test]
async fn hostile_lines_are_read_past() {
    let world = World::new().await;
    world.configure(TABLES);
    world.moto.create_log_group("/aws/lambda/busy").await;
    let long = "x".repeat(256 * 1000);
    let hostile = [
        "\u{0}\u{1b}[31m",
        "{\"type\":\"platform.report\",\"record\":{\"requestId\":7,\"metrics\":[]}}",
        "REPORT RequestId: a Duration: 1e999 ms",
        "{\"a\":{\"a\":{\"a\":",
        long.as_str(),
        "\u{202e}<script>alert(1)</script>",
    ];
    let events: Vec<(i64, String)> =
        hostile.iter().enumerate().map(|(n, text)| (ago(60) + n as i64, (*text).to_owned())).collect();
    put(&world, "2026/11/22/[$LATEST]a", &events).await;
    put(&world, "2026/11/22/[$LATEST]a", &reports(1, 1, 30)).await;
    assert_eq!(counted(&world), 1);
}
