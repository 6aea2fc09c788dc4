//! What holds for every route: slashes, case, odd bodies, odd numbers, odd text, other origins.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::forged::but;
use super::harness::{Answer, CATEGORY, FEEDBACK, INBOX, PROFILE, Person, REFRESH, SUB, TODO, USER, VERIFY, World, each, row};

/// All that take a body.
const TAKING: [(Method, &str); 15] = [
    (Method::PATCH, USER),
    (Method::POST, PROFILE),
    (Method::PATCH, PROFILE),
    (Method::POST, FEEDBACK),
    (Method::POST, CATEGORY),
    (Method::PATCH, CATEGORY),
    (Method::DELETE, CATEGORY),
    (Method::POST, TODO),
    (Method::PATCH, TODO),
    (Method::DELETE, TODO),
    (Method::POST, SUB),
    (Method::PATCH, SUB),
    (Method::DELETE, SUB),
    (Method::POST, VERIFY),
    (Method::POST, REFRESH),
];

pub(super) async fn holds(world: Arc<World>) {
    slashes(&world).await;
    unknown(&world).await;
    malformed(&world).await;
    cases(&world).await;
    origins(&world).await;
    hosts(&world).await;
    odd_numbers(&world).await;
    odd_texts(&world).await;
    large_bodies(&world).await;
    deep_bodies(&world).await;
}

async fn slashes(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.post("/todos/category", json!({"color": 1})).await.gives(201)["id"].clone();
    let todo = ann.post("/todos/todo", json!({"content": "a", "categoryId": category})).await.gives(201)["id"].clone();
    let sub = ann.post("/todos/sub", json!([{"content": "a", "todoId": todo}])).await.gives(201)[0]["id"].clone();
    for path in [TODO, INBOX, CATEGORY, USER, "/todos/sub/?todo_id=1", "/todos/todo/?start_date=2024-01-01&end_date=2024-12-31"] {
        let with = ann.get(path).await.gives(200);
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        ann.get(&format!("{}{query}", name.trim_end_matches('/'))).await.is(200, with);
    }
    ann.get(&format!("/todos/sub?todo_id={todo}")).await.has(200, json!([{"id": sub}]));
    ann.get("/auth/profile").await.is(404, json!({"error": "Profile not found"}));
    ann.patch("/todos/todo", json!({"todoId": todo, "content": "b"})).await.has(200, json!({"content": "b"}));
    ann.patch("/todos/sub", json!({"subtodoId": sub, "content": "b"})).await.has(200, json!({"content": "b"}));
    ann.patch("/todos/category", json!({"categoryId": category, "color": 2})).await.has(200, json!({"color": 2}));
    ann.patch("/auth/user", json!({"isSubscribed": true})).await.has(200, json!({"isSubscribed": true}));
    ann.post("/auth/api/token/verify", json!({"token": ann.access})).await.is(200, json!({}));
    ann.post("/auth/token/refresh", json!({"refresh": ann.refresh})).await.is(200, json!({"access": "…"}));
    ann.delete("/todos/sub", json!({"subtodoId": sub})).await.has(200, json!({"subtodoId": sub}));
    ann.delete("/todos/todo", json!({"todoId": todo})).await.has(200, json!({"todoId": todo}));
    ann.delete("/todos/category", json!({"categoryId": category})).await.has(200, json!({"categoryId": category}));
}

async fn unknown(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let paths = [
        "/",
        "/nothing/",
        "/todos/",
        "/auth/",
        "/todos/todo/5/",
        "/todos/nothing",
        "/admin/",
        "/swagger/",
        "/redoc/",
        "/todos/todo/x/y/z",
        "/%00/",
        "/..;/todos/todo/",
    ];
    for path in paths.into_iter().chain(["/Todos/Todo/", "/todos/todo/%2e%2e/", "/auth/login/", "/auth/login/facebook/", "/favicon.ico", "/.env"]) {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            for person in [&ann, &world.nobody()] {
                person.send(method.clone(), path, json!({})).await.is(404, json!({"detail": "Not found."}));
            }
        }
    }
    for (path, allowed) in [
        (TODO, &[Method::GET, Method::POST, Method::PATCH, Method::DELETE][..]),
        (SUB, &[Method::GET, Method::POST, Method::PATCH, Method::DELETE]),
        (CATEGORY, &[Method::GET, Method::POST, Method::PATCH, Method::DELETE]),
        (USER, &[Method::GET, Method::PATCH, Method::DELETE]),
        (PROFILE, &[Method::GET, Method::POST, Method::PATCH]),
        (INBOX, &[Method::GET]),
        (FEEDBACK, &[Method::POST]),
        (VERIFY, &[Method::POST]),
        (REFRESH, &[Method::POST]),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if !allowed.contains(&method) {
                let detail = format!("Method \"{method}\" not allowed.");
                ann.send(method.clone(), path, json!({})).await.is(405, json!({"detail": detail}));
                ann.send(method.clone(), path.trim_end_matches('/'), json!({})).await.is(405, json!({"detail": detail}));
            }
        }
    }
}

fn is_refused_in_words(answer: Answer) {
    let world_says =
        answer.body.as_object().is_some_and(|body| ["error", "detail"].iter().any(|key| body.get(*key).is_some_and(|text| text.is_string() && text != "")));
    if world_says {
        answer.gives(400)
    } else {
        answer.is(400, json!({"error": "…"}))
    };
}

async fn malformed(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let bodies: [&[u8]; 14] = [
        b"{",
        b"{\"content\": \"a\"",
        b"{'content': 'a'}",
        b"{\"content\": }",
        b"[1,",
        b"nonsense",
        b"\"a",
        b"{}{}",
        b"{\"a\": 1,}",
        b"\xff\xfe{}",
        b"{\"content\": \"\xc3\x28\"}",
        b"{\"content\": \"\\ud800\"}",
        b"{\"a\": 01}",
        b"content=a&categoryId=1",
    ];
    for (method, path) in TAKING {
        for body in bodies {
            let answer = ann.ask(method.clone(), path, &[("content-type", "application/json")], Some(body.to_vec())).await;
            is_refused_in_words(answer);
        }
        // No body is no fields, and no fault of the server.
        let answer = ann.ask(method, path, &[], None).await;
        world.check([200, 400, 404].contains(&answer.status), format!("{}: {}", answer.what, answer.status));
    }
    // A GET is not looked into.
    for path in [TODO, INBOX, CATEGORY, USER] {
        for body in [&b""[..], b"{", b"null", b"[]"] {
            ann.ask(Method::GET, path, &[("content-type", "application/json")], Some(body.to_vec())).await.gives(200);
        }
    }
}

async fn cases(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    // Both in one body, as the client does.
    let mixed = json!({"content": "a", "category_id": category, "dueTime": "09:00", "is_completed": true, "date": "2024-11-05"});
    let first = ann.post(TODO, mixed).await.has(201, json!({"categoryId": category, "dueTime": "09:00:00", "isCompleted": true}))["id"].clone();
    let second = ann.post(TODO, json!({"content": "b", "categoryId": category, "due_time": "10:00", "isCompleted": "1"})).await;
    let second = second.has(201, json!({"dueTime": "10:00:00", "isCompleted": true}))["id"].clone();
    for place in [json!({"patch_rank": {"prevId": second, "next_id": null}}), json!({"patchRank": {"prev_id": second, "nextId": null}})] {
        ann.patch(TODO, but(&but(&place, "todo_id", first.clone()), "isCompleted", json!(false)))
            .await
            .has(200, json!({"rank": "0|i0000f:", "isCompleted": false}));
    }
    let rows = json!([{"content": "c", "todo_id": first, "dueTime": "01:00"}, {"content": "d", "todoId": first, "due_time": "02:00", "is_completed": true}]);
    ann.post(SUB, rows).await.has(201, json!([{"dueTime": "01:00:00"}, {"dueTime": "02:00:00", "isCompleted": true}]));
    // Faults are told in camelCase, however the field was written.
    ann.post(SUB, json!([{"content": "c", "todo_id": "x", "due_time": "x", "is_completed": "x"}]))
        .await
        .is(400, json!([{"todoId": ["…"], "dueTime": ["…"], "isCompleted": ["…"]}]));
    ann.patch(PROFILE, json!({"user_id": 1})).await.is(400, json!({"error": "user_id cannot be updated"}));
    ann.post(PROFILE, json!({"age_group": "33", "sleep_time": "x", "delay_reason": [], "job": ""})).await.is(
        400,
        json!({
        "ageGroup": ["…"], "sleepTime": ["…"], "delayReason": ["…"], "job": ["…"]}),
    );
}

async fn origins(world: &Arc<World>) {
    let list = |text: &str| {
        let mut words: Vec<String> = text.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
        words.sort();
        words.join(",")
    };
    for path in
        [TODO, SUB, CATEGORY, INBOX, USER, PROFILE, FEEDBACK, VERIFY, REFRESH, "/auth/login/google/", "/auth/android/", "/todos/todo", "/todos/recommend/"]
    {
        for (method, headers) in [("POST", "authorization, content-type"), ("PATCH", "content-type"), ("DELETE", "authorization"), ("GET", "x-requested-with")]
        {
            let asked = [("origin", "https://stepby.one"), ("access-control-request-method", method), ("access-control-request-headers", headers)];
            let answer = world.nobody().ask(Method::OPTIONS, path, &asked, None).await;
            world.check([200, 204].contains(&answer.status), format!("{}: {}", answer.what, answer.status));
            let (methods, headers) = (list(answer.header("access-control-allow-methods")), list(answer.header("access-control-allow-headers")));
            world.check(methods == "delete,get,options,patch,post,put", methods);
            world.check(headers == "accept,authorization,content-type,user-agent,x-csrftoken,x-requested-with", headers);
            world.check(answer.header("access-control-max-age") == "86400", answer.header("access-control-max-age"));
        }
    }
    // The answer itself, good or bad: the header is looked at with every answer.
    let ann = world.newcomer().await;
    for (method, path, status) in
        [(Method::GET, TODO, 200), (Method::GET, PROFILE, 404), (Method::GET, "/nothing/", 404), (Method::PUT, TODO, 405), (Method::GET, SUB, 400)]
    {
        ann.ask(method, path, &[("origin", "http://localhost:8081")], None).await.gives(status);
    }
    world.nobody().ask(Method::GET, TODO, &[("origin", "null")], None).await.gives(401);
}

/// Any name of the host is right, and no cookie or token of a form is asked for.
async fn hosts(world: &Arc<World>) {
    let ann = world.newcomer().await;
    for host in ["api.stepby.one", "evil.example", "localhost:1", "127.0.0.1", "[::1]:8000", "a_b.example"] {
        let headers = [("host", host), ("content-type", "application/json"), ("referer", "https://evil.example/"), ("cookie", "csrftoken=a; sessionid=b")];
        ann.ask(Method::POST, CATEGORY, &headers, Some(b"{\"color\": 1}".to_vec())).await.gives(201);
    }
    // The client says JSON; who says something else and sends JSON is understood or told so.
    let answer = ann.ask(Method::POST, CATEGORY, &[("content-type", "text/plain")], Some(b"{\"color\": 1}".to_vec())).await;
    world.check([201, 400, 415].contains(&answer.status), answer.status);
    ann.ask(Method::POST, CATEGORY, &[("content-type", "application/json; charset=utf-8")], Some(b"{\"color\": 1}".to_vec())).await.gives(201);
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
            (Method::POST, FEEDBACK, "{\"userId\": $, \"title\": \"a\", \"category\": \"bug\", \"description\": \"a\"}".to_owned(), &[400]),
            (Method::POST, PROFILE, "{\"ageGroup\": \"20\", \"job\": \"a\", \"sleepTime\": \"09:00\", \"delayReason\": [$]}".to_owned(), &[400]),
        ] {
            ann.ask(method, path, &[("content-type", "application/json")], Some(with(&template))).await.gives_one_of(statuses);
        }
        if number != "null" {
            for place in ["{\"prevId\": $}", "{\"nextId\": $}"] {
                let body = format!("{{\"todoId\": {todo}, \"patchRank\": {}}}", place.replace('$', number));
                ann.ask(Method::PATCH, TODO, &[("content-type", "application/json")], Some(body.into_bytes())).await.gives(400);
            }
        }
    }
    for query in ["9223372036854775808", "-9223372036854775809", "-1", "99999999999999999999999999"] {
        let answer = ann.get(&format!("{SUB}?todo_id={query}")).await;
        world.check(answer.status == 400 || answer.body == json!([]), format!("{}: {}", answer.what, answer.body));
    }
    // A colour is a number too.
    for number in ["1e300", "9223372036854775808", "-9223372036854775809", "1e400", "\"9223372036854775808\"", "-1", "1.5"] {
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
        world.check(kept["content"] == text && each(&kept["children"], "content") == [text], format!("{text:?} became {kept}"));
        world.check(ann.categories().await[0]["title"] == text, "the title too");
    }
    // What no database takes is refused, and not cut off.
    for text in ["\u{0}", "a\u{0}b"] {
        ann.post(TODO, json!({"content": text, "categoryId": category})).await.gives(400);
        ann.post(SUB, json!([{"content": text, "todoId": 1}])).await.gives(400);
        ann.post(CATEGORY, json!({"title": text, "color": 1})).await.gives(400);
        ann.post(FEEDBACK, json!({"userId": ann.id, "title": "a", "category": "bug", "description": text})).await.gives(400);
        ann.post(PROFILE, json!({"ageGroup": "20", "job": text, "sleepTime": "23:00", "delayReason": [1]})).await.gives(400);
    }
    // Odd keys are unknown fields.
    let body =
        json!({"content": "a", "categoryId": category, "": 1, "__proto__": {"isCompleted": true}, "constructor": 1, "컨텐츠": 2, "_": [], "A": {}, "a__b": 1});
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
    let padded = format!("{}{}", json!({"content": "a", "categoryId": category}), " ".repeat(5 * MEGABYTE)).into_bytes();
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
            // Not too deep for anybody: ignored. Deeper: refused, in words.
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
