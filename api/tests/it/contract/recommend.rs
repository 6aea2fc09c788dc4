//! `/todos/recommend/`: what is asked of the model, and what is made of its answers.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::services::Seen;

use super::harness::{Person, SUB, TODO, World, each};

const RECOMMEND: &str = "/todos/recommend/";

pub(super) async fn holds(world: Arc<World>) {
    whole(&world).await;
    refusals(&world).await;
    failures(&world).await;
    first_calls_at_once(&world).await;
    others(&world).await;
}

/// Someone with one todo, and the path that asks for its steps.
async fn scene(world: &Arc<World>, content: &str) -> (Person, i64, i64, String) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let todo = ann
        .post(TODO, json!({"content": content, "categoryId": category, "date": "2024-11-05", "dueTime": "09:00"}))
        .await
        .gives(201);
    let todo = todo["id"].as_i64().unwrap_or(0);
    (ann, category, todo, format!("{RECOMMEND}?todo_id={todo}"))
}

async fn whole(world: &Arc<World>) {
    let content = "이번 주말 대청소 🧹";
    let (ann, category, todo, path) = scene(world, content).await;
    let answer = ann.get(&path).await.gives(200);
    let children = answer["children"].as_array().cloned().unwrap_or_default();
    world.check(children.len() == 2, &answer);
    world.check(each(&answer["children"], "content") == ["창문 닦기", "바닥 닦기"], &answer);
    // The real number, whatever the model made of it.
    world.check(children.iter().all(|child| child["todo"] == todo), &answer);
    // What comes from the model is told in camelCase too.
    world.check(children.get(1).is_some_and(|child| child["estHours"] == 1), &answer);
    // The client posts them as they are.
    let rows: Vec<Value> = children
        .iter()
        .map(|child| json!({"content": child["content"], "date": child["date"], "todoId": child["todo"]}))
        .collect();
    ann.post(SUB, json!(rows))
        .await
        .has(201, json!([{"content": "창문 닦기", "todoId": todo}, {"content": "바닥 닦기", "todoId": todo}]));

    let asked: Vec<Value> = world
        .process()
        .model
        .seen()
        .iter()
        .filter(|seen| seen.path.ends_with("/chat/completions"))
        .map(Seen::json)
        .collect();
    let asked = asked
        .into_iter()
        .find(|asked| asked["messages"][1]["content"].as_str().is_some_and(|task| task.contains(content)))
        .unwrap_or_default();
    world.check(asked["model"] == "gpt-4o-mini" && asked["response_format"] == json!({"type": "json_object"}), &asked);
    world.check(asked["messages"][0]["role"] == "system" && asked["messages"][1]["role"] == "user", &asked);
    let task = asked["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
    for part in [
        format!("id: {todo}"),
        format!("content: {content}"),
        "date: 2024-11-05".to_owned(),
        "due_time: 09:00".to_owned(),
        format!("category_id: {category}"),
    ] {
        world.check(task.contains(&part), format!("{part:?} is not in {task:?}"));
    }
    // It counts from now on, whatever is asked.
    for path in [path.as_str(), RECOMMEND, "/todos/recommend/?todo_id=999999999", "/todos/recommend?todoId=1"] {
        ann.get(path).await.is(429, json!({"error": "Rate limit exceeded"}));
    }
}

async fn refusals(world: &Arc<World>) {
    let (ann, _, todo, path) = scene(world, "빨래").await;
    for path in [RECOMMEND, "/todos/recommend", "/todos/recommend/?todo_id=", "/todos/recommend/?user_id=1"] {
        ann.get(path).await.is(400, json!({"error": "todo_id must be provided"}));
    }
    ann.get("/todos/recommend/?todo_id=999999999").await.is(400, json!({"error": "No object found with id 999999999"}));
    for id in ["abc", "1.5", "9223372036854775808", "-9223372036854775809", "null"] {
        ann.get(&format!("{RECOMMEND}?todoId={id}")).await.gives(400);
    }
    let gone = ann.post(TODO, json!({"content": "gone", "categoryId": ann.category("b").await})).await.gives(201)["id"]
        .clone();
    ann.delete(TODO, json!({"todoId": gone})).await.gives(200);
    ann.get(&format!("{RECOMMEND}?todo_id={gone}"))
        .await
        .is(400, json!({"error": format!("No object found with id {gone}")}));
    let nobody = world.nobody();
    nobody.get(&path).await.is(401, json!({"detail": "Authentication credentials were not provided."}));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let detail = format!("Method \"{method}\" not allowed.");
        ann.send(method.parse().expect("a method"), &path, json!({"todoId": todo}))
            .await
            .is(405, json!({"detail": detail}));
    }
    // None of it counted.
    ann.get(&format!("/todos/recommend?todoId={todo}&user_id=1")).await.has(200, json!({"children": "?"}));
}

async fn failures(world: &Arc<World>) {
    for word in ["fails", "rambles"] {
        let (ann, category, _, path) = scene(world, &format!("the model {word}")).await;
        for _ in 0..2 {
            let answer = ann.get(&path).await.is(502, json!({"error": "…"}));
            world.check(!answer.to_string().contains("the-key-of-the-model"), &answer);
        }
        // It did not count.
        let right = ann.todo(category, "right").await;
        ann.get(&format!("{RECOMMEND}?todo_id={right}")).await.gives(200);
    }
    // A list of children there is, always.
    let (ann, _, _, path) = scene(world, "the model forgets").await;
    let answer = ann.get(&path).await;
    if answer.status == 200 {
        answer.has(200, json!({"children": []}))
    } else {
        answer.is(502, json!({"error": "…"}))
    };
}

/// Of many simultaneous calls one passes, and no user is locked out for ever.
async fn first_calls_at_once(world: &Arc<World>) {
    let (ann, _, _, path) = scene(world, "청소").await;
    let mut statuses: Vec<u16> =
        join_all((0..6).map(|_| ann.get(&path))).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    world.check(statuses == [200, 429, 429, 429, 429, 429], format!("{statuses:?}"));
}

async fn others(world: &Arc<World>) {
    let (ann, _, todo, _) = scene(world, "a secret of hers").await;
    let mallory = world.newcomer().await;
    let before = world.process().model.asked();
    mallory
        .get(&format!("{RECOMMEND}?todo_id={todo}&user_id={}", ann.id))
        .await
        .is(400, json!({"error": format!("No object found with id {todo}")}));
    let asked = world.process().model.seen().into_iter().skip(before);
    world.check(
        !asked.into_iter().any(|seen| String::from_utf8_lossy(&seen.body).contains("a secret of hers")),
        "the model was told of it",
    );
}
