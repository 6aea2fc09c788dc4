//! What holds for every route: slashes, unknown paths, what is no JSON, case, other origins and hosts.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::forged::but;
use super::harness::{Answer, CATEGORY, FEEDBACK, INBOX, PROFILE, REFRESH, SUB, TODO, USER, VERIFY, World};

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
}

async fn slashes(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.post("/todos/category", json!({"color": 1})).await.gives(201)["id"].clone();
    let todo = ann.post("/todos/todo", json!({"content": "a", "categoryId": category})).await.gives(201)["id"].clone();
    let sub = ann.post("/todos/sub", json!([{"content": "a", "todoId": todo}])).await.gives(201)[0]["id"].clone();
    for path in
        [TODO, INBOX, CATEGORY, USER, "/todos/sub/?todo_id=1", "/todos/todo/?start_date=2024-01-01&end_date=2024-12-31"]
    {
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
    for path in paths.into_iter().chain([
        "/Todos/Todo/",
        "/todos/todo/%2e%2e/",
        "/auth/login/",
        "/auth/login/facebook/",
        "/favicon.ico",
        "/.env",
    ]) {
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
                ann.send(method.clone(), path.trim_end_matches('/'), json!({}))
                    .await
                    .is(405, json!({"detail": detail}));
            }
        }
    }
}

pub(super) fn is_refused_in_words(answer: Answer) {
    let world_says = answer.body.as_object().is_some_and(|body| {
        ["error", "detail"].iter().any(|key| body.get(*key).is_some_and(|text| text.is_string() && text != ""))
    });
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
            let answer =
                ann.ask(method.clone(), path, &[("content-type", "application/json")], Some(body.to_vec())).await;
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
    let first = ann
        .post(TODO, mixed)
        .await
        .has(201, json!({"categoryId": category, "dueTime": "09:00:00", "isCompleted": true}))["id"]
        .clone();
    let second =
        ann.post(TODO, json!({"content": "b", "categoryId": category, "due_time": "10:00", "isCompleted": "1"})).await;
    let second = second.has(201, json!({"dueTime": "10:00:00", "isCompleted": true}))["id"].clone();
    for place in [
        json!({"patch_rank": {"prevId": second, "next_id": null}}),
        json!({"patchRank": {"prev_id": second, "nextId": null}}),
    ] {
        ann.patch(TODO, but(&but(&place, "todo_id", first.clone()), "isCompleted", json!(false)))
            .await
            .has(200, json!({"rank": "0|i0000f:", "isCompleted": false}));
    }
    let rows = json!([{"content": "c", "todo_id": first, "dueTime": "01:00"}, {"content": "d", "todoId": first, "due_time": "02:00", "is_completed": true}]);
    ann.post(SUB, rows).await.has(201, json!([{"dueTime": "01:00:00"}, {"dueTime": "02:00:00", "isCompleted": true}]));
    // FieldErrors are told in camelCase, however the field was written.
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
    for path in [
        TODO,
        SUB,
        CATEGORY,
        INBOX,
        USER,
        PROFILE,
        FEEDBACK,
        VERIFY,
        REFRESH,
        "/auth/login/google/",
        "/auth/android/",
        "/todos/todo",
        "/todos/recommend/",
    ] {
        for (method, headers) in [
            ("POST", "authorization, content-type"),
            ("PATCH", "content-type"),
            ("DELETE", "authorization"),
            ("GET", "x-requested-with"),
        ] {
            let asked = [
                ("origin", "https://stepby.one"),
                ("access-control-request-method", method),
                ("access-control-request-headers", headers),
            ];
            let answer = world.nobody().ask(Method::OPTIONS, path, &asked, None).await;
            world.check([200, 204].contains(&answer.status), format!("{}: {}", answer.what, answer.status));
            let (methods, headers) = (
                list(answer.header("access-control-allow-methods")),
                list(answer.header("access-control-allow-headers")),
            );
            world.check(methods == "delete,get,options,patch,post,put", methods);
            world
                .check(headers == "accept,authorization,content-type,user-agent,x-csrftoken,x-requested-with", headers);
            world.check(answer.header("access-control-max-age") == "86400", answer.header("access-control-max-age"));
        }
    }
    // The answer itself, good or bad: the header is looked at with every answer.
    let ann = world.newcomer().await;
    for (method, path, status) in [
        (Method::GET, TODO, 200),
        (Method::GET, PROFILE, 404),
        (Method::GET, "/nothing/", 404),
        (Method::PUT, TODO, 405),
        (Method::GET, SUB, 400),
    ] {
        ann.ask(method, path, &[("origin", "http://localhost:8081")], None).await.gives(status);
    }
    world.nobody().ask(Method::GET, TODO, &[("origin", "null")], None).await.gives(401);
}

/// Any name of the host is right, and no cookie or token of a form is asked for.
async fn hosts(world: &Arc<World>) {
    let ann = world.newcomer().await;
    for host in ["api.stepby.one", "evil.example", "localhost:1", "127.0.0.1", "[::1]:8000", "a_b.example"] {
        let headers = [
            ("host", host),
            ("content-type", "application/json"),
            ("referer", "https://evil.example/"),
            ("cookie", "csrftoken=a; sessionid=b"),
        ];
        ann.ask(Method::POST, CATEGORY, &headers, Some(b"{\"color\": 1}".to_vec())).await.gives(201);
    }
    // The client says JSON; who says something else and sends JSON is understood or told so.
    let answer =
        ann.ask(Method::POST, CATEGORY, &[("content-type", "text/plain")], Some(b"{\"color\": 1}".to_vec())).await;
    world.check([201, 400, 415].contains(&answer.status), answer.status);
    ann.ask(
        Method::POST,
        CATEGORY,
        &[("content-type", "application/json; charset=utf-8")],
        Some(b"{\"color\": 1}".to_vec()),
    )
    .await
    .gives(201);
}
