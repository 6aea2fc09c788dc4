//! No user reads or changes the rows of another.

use std::sync::Arc;

use serde_json::{Value, json};

use super::harness::{CATEGORY, INBOX, PROFILE, Person, SUB, TODO, World, ids};

/// What a person has: one of each, and a second todo and step.
struct Having {
    category: i64,
    todos: [i64; 2],
    subs: [i64; 2],
}

async fn having(person: &Person, word: &str) -> Having {
    let category = person.category(word).await;
    let todos = [person.dated(category, word, "2024-11-05").await, person.todo(category, word).await];
    let subs = [person.sub(todos[0], word).await, person.sub(todos[0], word).await];
    let profile = json!({"ageGroup": "20", "job": word, "sleepTime": "23:00", "delayReason": [1]});
    person.post(PROFILE, profile).await.gives(201);
    Having { category, todos, subs }
}

/// Everything that a person can read.
async fn everything(person: &Person) -> Value {
    let mut all = Vec::new();
    for path in
        [TODO, INBOX, CATEGORY, PROFILE, "/auth/user/", "/todos/todo/?start_date=2000-01-01&end_date=2100-01-01"]
    {
        all.push(person.get(path).await.gives(200));
    }
    for todo in ids(&all[0]) {
        all.push(person.subs(todo).await);
    }
    Value::Array(all)
}

pub(super) async fn holds(world: Arc<World>) {
    let (ann, mallory) = (world.newcomer().await, world.newcomer().await);
    let hers = having(&ann, "a secret of hers").await;
    let own = having(&mallory, "his own").await;
    let before = everything(&ann).await;

    let own_before = everything(&mallory).await;
    let theirs = own_before.to_string();
    world.check(!theirs.contains("a secret of hers") && !theirs.contains(&ann.email), &theirs);
    for query in
        [format!("?user_id={}", ann.id), format!("?userId={}&start_date=2024-01-01&end_date=2024-12-31", ann.id)]
    {
        for path in [TODO, INBOX, CATEGORY] {
            let rows = mallory.get(&format!("{path}{query}")).await.gives(200).to_string();
            world.check(!rows.contains("a secret of hers"), &rows);
        }
    }
    mallory.get(&format!("{SUB}?todo_id={}", hers.todos[0])).await.is(200, json!([]));

    let (todo, step, category) = (hers.todos[0], hers.subs[0], hers.category);
    let no_category = format!("Invalid pk \"{category}\" - object does not exist.");
    let no_todo = format!("Invalid pk \"{todo}\" - object does not exist.");
    for change in [
        json!({"content": "x"}),
        json!({"isCompleted": true}),
        json!({"date": null}),
        json!({"patchRank": {"prevId": own.todos[1]}}),
        json!({"color": 2}),
        json!({"title": "x"}),
    ] {
        let with = |name: &str, id: i64| {
            let mut body = change.clone();
            body[name] = json!(id);
            body
        };
        mallory.patch(TODO, with("todoId", todo)).await.is(404, json!({"error": "Todo not found"}));
        mallory.patch(SUB, with("subtodoId", step)).await.is(404, json!({"error": "SubTodo not found"}));
        mallory.patch(SUB, with("todoId", step)).await.is(400, json!({"error": "subtodo_id must be provided"}));
        mallory.patch(CATEGORY, with("categoryId", category)).await.is(404, json!({"error": "Category not found"}));
    }
    for (path, name, id) in [(TODO, "todoId", todo), (SUB, "subtodoId", step), (CATEGORY, "categoryId", category)] {
        // The same answer as for a row that does not exist.
        mallory
            .delete(path, json!({name: id}))
            .await
            .is(400, json!({"error": format!("No object found with id {id}")}));
    }
    mallory
        .post(TODO, json!({"content": "x", "categoryId": category}))
        .await
        .has(400, json!({"error": format!("…{no_category}")}));
    mallory
        .patch(TODO, json!({"todoId": own.todos[0], "categoryId": category}))
        .await
        .refuses("categoryId", &no_category);
    mallory.post(SUB, json!([{"content": "x", "todoId": todo}])).await.is(400, json!([{"todoId": [no_todo]}]));
    mallory.post(SUB, json!({"content": "x", "todoId": todo})).await.is(400, json!([{"todoId": [no_todo]}]));
    mallory
        .post(SUB, json!([{"content": "x", "todoId": own.todos[0]}, {"content": "x", "todoId": todo}]))
        .await
        .is(400, json!([{}, {"todoId": [no_todo]}]));
    mallory.patch(SUB, json!({"subtodoId": own.subs[0], "todoId": todo})).await.refuses("todoId", &no_todo);
    for (path, name, id, neighbours) in
        [(TODO, "todoId", own.todos[0], hers.todos), (SUB, "subtodoId", own.subs[0], hers.subs)]
    {
        for place in [
            json!({"prevId": neighbours[0]}),
            json!({"nextId": neighbours[0]}),
            json!({"prevId": neighbours[0], "nextId": neighbours[1]}),
            json!({"prevId": own.todos[1], "nextId": neighbours[1]}),
        ] {
            for field in ["patchRank", "rank"] {
                let rank = mallory.patch(path, json!({name: id, field: place})).await.gives(400).to_string();
                world.check(!rank.contains("0|"), format!("a rank of hers: {rank}"));
            }
        }
    }
    world.check(everything(&mallory).await == own_before, "nothing of his changed");
    world.check(everything(&ann).await == before, "nothing of hers changed");
    // A user's number opens nothing in a body either.
    mallory.post(CATEGORY, json!({"color": 1, "userId": ann.id})).await.has(201, json!({"userId": mallory.id}));
    mallory
        .post(TODO, json!({"content": "x", "categoryId": own.category, "userId": ann.id}))
        .await
        .has(201, json!({"userId": mallory.id}));
    world.check(everything(&ann).await == before, "nothing of hers was added to");
}
