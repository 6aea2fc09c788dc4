//! Hostile requests: ids that are not numbers, harmful text, bodies that are too large or too deep.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::general::is_refused_in_words;
use super::harness::{CATEGORY, FEEDBACK, PROFILE, Person, SUB, TODO, World, each, row};

pub(super) async fn holds(world: Arc<World>) {
    odd_numbers(&world).await;
    odd_texts(&world).await;
    large_bodies(&world).await;
    deep_bodies(&world).await;
}

/// A number that no row has, or no number at all, finds nothing and breaks nothing.
async fn odd_numbers(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let todo = ann.todo(category, "a").await;
    let step = ann.sub(todo, "a").await;
    let before = ann.todos().await;
    let odd = [
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "1e300",
        "1e400",
        "-0",
        "1.5",
        "0.1",
        "1e-3",
        "\"9223372036854775808\"",
        "\"99999999999999999999999999999999\"",
        "\"-1\"",
        "\"1.5\"",
        "\"1e3\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"0x10\"",
        "\"\"",
        "\" \"",
        "\"１２\"",
        "\"1_0\"",
        "\"+\"",
        "\"null\"",
        "\"1 OR 1=1\"",
        "\"1\\u0000\"",
        "[]",
        "{}",
        "[1]",
        "{\"id\": 1}",
        "true",
        "false",
        "null",
    ];
    for number in odd {
        let with = |template: &str| template.replace('$', number).into_bytes();
        for (method, path, template, statuses) in [
            (Method::PATCH, TODO, "{\"todoId\": $, \"content\": \"b\"}".to_owned(), &[400, 404][..]),
            (Method::DELETE, TODO, "{\"todoId\": $}".to_owned(), &[400, 404]),
            (Method::PATCH, SUB, "{\"subtodoId\": $, \"content\": \"b\"}".to_owned(), &[400, 404]),
            (Method::PATCH, SUB, "{\"todoId\": $, \"content\": \"b\"}".to_owned(), &[400, 404]),
            (Method::DELETE, SUB, "{\"subtodoId\": $}".to_owned(), &[400, 404]),
            (Method::PATCH, CATEGORY, "{\"categoryId\": $, \"color\": 3}".to_owned(), &[400, 404]),
            (Method::DELETE, CATEGORY, "{\"categoryId\": $}".to_owned(), &[400, 404]),
            (Method::POST, TODO, "{\"content\": \"b\", \"categoryId\": $}".to_owned(), &[400]),
            (Method::POST, SUB, "[{\"content\": \"b\", \"todoId\": $}]".to_owned(), &[400]),
            (Method::PATCH, TODO, format!("{{\"todoId\": {todo}, \"categoryId\": $}}"), &[400]),
            (Method::PATCH, SUB, format!("{{\"subtodoId\": {step}, \"todoId\": $}}"), &[400]),
            (
                Method::POST,
                FEEDBACK,
                "{\"userId\": $, \"title\": \"a\", \"category\": \"bug\", \"description\": \"a\"}".to_owned(),
                &[400],
            ),
            (
                Method::POST,
                PROFILE,
                "{\"ageGroup\": \"20\", \"job\": \"a\", \"sleepTime\": \"09:00\", \"delayReason\": [$]}".to_owned(),
                &[400],
            ),
        ] {
            ann.ask(method, path, &[("content-type", "application/json")], Some(with(&template)))
                .await
                .gives_one_of(statuses);
        }
        if number != "null" {
            for place in ["{\"prevId\": $}", "{\"nextId\": $}"] {
                let body = format!("{{\"todoId\": {todo}, \"patchRank\": {}}}", place.replace('$', number));
                ann.ask(Method::PATCH, TODO, &[("content-type", "application/json")], Some(body.into_bytes()))
                    .await
                    .gives(400);
            }
        }
    }
    for query in ["9223372036854775808", "-9223372036854775809", "-1", "99999999999999999999999999"] {
        let answer = ann.get(&format!("{SUB}?todo_id={query}")).await;
        world.check(answer.status == 400 || answer.body == json!([]), format!("{}: {}", answer.what, answer.body));
    }
    // A colour is a number too.
    for number in
        ["1e300", "9223372036854775808", "-9223372036854775809", "1e400", "\"9223372036854775808\"", "-1", "1.5"]
    {
        let body = format!("{{\"color\": {number}}}").into_bytes();
        ann.ask(Method::POST, CATEGORY, &[("content-type", "application/json")], Some(body)).await.gives(400);
    }
    ann.get(TODO).await.is(200, before);
    world.check(ann.get(PROFILE).await.status == 404, "no profile was made");
}

/// Text comes back as it was sent, and does nothing on its way.
async fn odd_texts(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    for text in [
        "한글과 이모지 👩‍👩‍👧‍👦🇰🇷👍🏽",
        "각 or decomposed 각",
        "'; DROP TABLE todo; --",
        "\" OR \"\"=\"",
        "<script>alert(1)</script>",
        "%s %d %n {0} {{x}} ${x} $(x) `x`",
        "..\\..\\../../etc/passwd",
        "\\u0041 \\n \\",
        "a\tb\r\nc\u{b}d\u{1b}[31me\u{7f}",
        "\u{202e}right to left\u{200b}\u{feff}x",
        "𝕬𝖇𝖈 \u{10ffff} \u{e000}",
        "null",
        "true",
        "#",
        "camelCase_and_snake",
        "{\"content\": \"x\"}",
        "0|hzzzzz:",
    ] {
        let todo = ann.post(TODO, json!({"content": text, "categoryId": category})).await.gives(201);
        world.check(todo["content"] == text, format!("{text:?} became {todo}"));
        let id = todo["id"].as_i64().unwrap_or(0);
        let step = ann.post(SUB, json!([{"content": text, "todoId": id}])).await.gives(201);
        let title = ann.patch(CATEGORY, json!({"categoryId": category, "title": text})).await.gives(200);
        world.check(title["title"] == text && step[0]["content"] == text, format!("{text:?} became {title} {step}"));
        let kept = row(&ann.todos().await, id);
        world.check(
            kept["content"] == text && each(&kept["children"], "content") == [text],
            format!("{text:?} became {kept}"),
        );
        world.check(ann.categories().await[0]["title"] == text, "the title too");
    }
    // What no database takes is refused, and not cut off.
    for text in ["\u{0}", "a\u{0}b"] {
        ann.post(TODO, json!({"content": text, "categoryId": category})).await.gives(400);
        ann.post(SUB, json!([{"content": text, "todoId": 1}])).await.gives(400);
        ann.post(CATEGORY, json!({"title": text, "color": 1})).await.gives(400);
        ann.post(FEEDBACK, json!({"userId": ann.id, "title": "a", "category": "bug", "description": text}))
            .await
            .gives(400);
        ann.post(PROFILE, json!({"ageGroup": "20", "job": text, "sleepTime": "23:00", "delayReason": [1]}))
            .await
            .gives(400);
    }
    // Odd keys are unknown fields.
    let body = json!({"content": "a", "categoryId": category, "": 1, "__proto__": {"isCompleted": true}, "constructor": 1, "컨텐츠": 2, "_": [], "A": {}, "a__b": 1});
    ann.post(TODO, body).await.has(201, json!({"isCompleted": false}));
    for query in ["?%00", "?%ff=%fe", "?a[]=1&a[]=2", "?&&==&", "?start_date=%F0%9F%99%82", "?user_id=%27%3B--"] {
        ann.get(&format!("{TODO}{query}")).await.gives(200);
    }
}

const MEGABYTE: usize = 1024 * 1024;

async fn large_bodies(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let body = |bytes: usize| {
        let frame = json!({"content": "", "categoryId": category}).to_string().len();
        json!({"content": "a".repeat(bytes - frame), "categoryId": category}).to_string().into_bytes()
    };
    let json_type = [("content-type", "application/json")];
    // The largest that a function can be sent is read, and answered as any other.
    let answer = ann.ask(Method::POST, TODO, &json_type, Some(body(6 * MEGABYTE))).await;
    answer.has(400, json!({"error": "…Ensure this field has no more than 255 characters."}));
    let padded =
        format!("{}{}", json!({"content": "a", "categoryId": category}), " ".repeat(5 * MEGABYTE)).into_bytes();
    ann.ask(Method::POST, TODO, &json_type, Some(padded)).await.gives(201);
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let answer = status_of(world, &ann, &method, &body(6 * MEGABYTE + 1)).await;
        world.check(answer == 413, format!("{method} with more than 6 MB: {answer}"));
    }
    let rows: Vec<Value> = (0..20_000).map(|number| json!({"content": "a", "todoId": number})).collect();
    let answer = ann.post(SUB, json!(rows)).await;
    world.check([400, 413].contains(&answer.status), answer.status);
    ann.get(TODO).await.gives(200);
}

/// Over a bare connection: a server that refuses a body need not read it to its end, which a client may not survive.
async fn status_of(world: &World, person: &Person, method: &Method, body: &[u8]) -> u16 {
    let mut stream = tokio::net::TcpStream::connect(world.process().address()).await.expect("a connection");
    let head = format!(
        "{method} {TODO} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n",
        person.authorization.as_deref().unwrap_or_default(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the head");
    // It may have answered and gone before the end.
    let _ = stream.write_all(body).await;
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    let line = String::from_utf8_lossy(&answer[..read]).into_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

async fn deep_bodies(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let json_type = [("content-type", "application/json")];
    for depth in [50, 1_000, 100_000, 1_000_000] {
        for (open, middle, close) in [("[", "", "]"), ("{\"a\":", "1", "}"), ("[{\"a_b\":", "[]", "}]")] {
            let deep = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            let body = format!("{{\"content\": \"a\", \"categoryId\": {category}, \"unknown\": {deep}}}").into_bytes();
            if body.len() > 6 * MEGABYTE {
                continue;
            }
            let answer = ann.ask(Method::POST, TODO, &json_type, Some(body)).await;
            // At this depth it is ignored. Deeper bodies are refused with a sentence.
            if depth == 50 {
                answer.gives(201)
            } else {
                answer.gives_one_of(&[400, 201])
            };
            let bare = ann.ask(Method::POST, SUB, &json_type, Some(deep.into_bytes())).await;
            bare.gives(400);
            let unclosed = ann.ask(Method::PATCH, TODO, &json_type, Some(open.repeat(depth).into_bytes())).await;
            is_refused_in_words(unclosed);
        }
    }
    ann.get(TODO).await.gives(200);
}
