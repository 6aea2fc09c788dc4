//! `/todos/inbox/`: the todos without a date.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::harness::{INBOX, SUB, TODO, World, ids};

pub(super) async fn holds(world: Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    ann.get(INBOX).await.is(200, json!([]));
    let category = ann.category("Home").await;
    let (one, dated) = (ann.todo(category, "one").await, ann.dated(category, "dated", "2024-11-05").await);
    let (two, gone) = (ann.todo(category, "two").await, ann.todo(category, "gone").await);
    ann.delete(TODO, json!({"todoId": gone})).await.gives(200);
    let step = ann.sub(one, "우유 🥛").await;
    let shown = |id: i64, content: &str, rank: &str, children| json!({"id": id, "content": content, "categoryId": category, "date": null, "dueTime": null, "userId": ann.id, "rank": rank, "isCompleted": false, "children": children});
    let child = json!({"id": step, "content": "우유 🥛", "todoId": one, "date": null, "rank": "0|hzzzzz:", "isCompleted": false, "createdAt": "@", "updatedAt": "@",
        "deletedAt": null, "dueTime": null});
    let expected = json!([shown(one, "one", "0|hzzzzz:", json!([child])), shown(two, "two", "0|i0000f:", json!([]))]);
    for query in ["", "?user_id=1", "?start_date=2024-11-05&end_date=2024-11-05", "?order=rank"] {
        ann.get(&format!("{INBOX}{query}")).await.is(200, expected.clone());
    }
    // A day takes a todo out, no day brings it in; a due time alone is no day.
    let inbox = async || ids(&ann.get(INBOX).await.gives(200));
    ann.patch(TODO, json!({"todoId": one, "date": "2024-11-05"})).await.gives(200);
    world.check(inbox().await == [two], "one has a day");
    ann.patch(TODO, json!({"todoId": dated, "date": null})).await.gives(200);
    ann.patch(TODO, json!({"todoId": two, "dueTime": "09:00"})).await.gives(200);
    world.check(inbox().await == [dated, two], "dated has none");
    ann.patch(TODO, json!({"todoId": dated, "patchRank": {"prevId": two}})).await.gives(200);
    world.check(inbox().await == [two, dated], "in the order of ranks");
    // The day of a step says nothing of its todo.
    let late = ann.sub(two, "late").await;
    ann.patch(SUB, json!({"subtodoId": late, "date": "2024-11-05"})).await.gives(200);
    world.check(inbox().await == [two, dated], "a step has a day");
    ann.patch(TODO, json!({"todoId": two, "isCompleted": true})).await.gives(200);
    world.check(inbox().await == [two, dated], "what is done stays");
    ben.get(INBOX).await.is(200, json!([]));
    for method in [Method::POST, Method::PATCH, Method::DELETE, Method::PUT] {
        let detail = format!("Method \"{method}\" not allowed.");
        ann.send(method, INBOX, json!({"todoId": one})).await.is(405, json!({"detail": detail}));
    }
}
