//! `/todos/sub/`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::forged::but;
use super::harness::{Person, SUB, TODO, World, each, ids, row};
use super::todos::{wrong_details, wrong_texts};

const NOTHING: &str = "…At least one of ";

pub(super) async fn holds(world: Arc<World>) {
    creation(&world).await;
    wrong_creation(&world).await;
    lists(&world).await;
    change(&world).await;
    wrong_change(&world).await;
    older_inbox(&world).await;
    deletion(&world).await;
}

async fn with_todo(world: &Arc<World>) -> (Person, i64, i64) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let todo = ann.todo(category, "장보기").await;
    (ann, category, todo)
}

fn shown(todo: i64) -> Value {
    json!({"id": "#", "content": "우유 🥛", "todoId": todo, "date": null, "rank": "…0|", "isCompleted": false, "createdAt": "@", "updatedAt": "@", "deletedAt": null,
        "dueTime": null})
}

async fn creation(world: &Arc<World>) {
    let (ann, category, todo) = with_todo(world).await;
    let other = ann.todo(category, "other").await;
    let (right, shown) = (json!({"content": "우유 🥛", "todoId": todo}), shown(todo));
    ann.post(SUB, json!([])).await.is(201, json!([]));
    let rank = |shown: &Value, rank: &str| but(shown, "rank", json!(rank));
    ann.post(SUB, json!([right])).await.is(201, json!([rank(&shown, "0|hzzzzz:")]));
    // Ranks are the user's, not the todo's; the list keeps its order.
    let list = json!([right, {"content": " 빵 ", "todo_id": other.to_string(), "date": "2024-11-05", "dueTime": "09:30", "isCompleted": true}, right]);
    let second = json!({"id": "#", "content": "빵", "todoId": other, "date": "2024-11-05", "rank": "0|i0000f:", "isCompleted": true, "createdAt": "@", "updatedAt": "@",
        "deletedAt": null, "dueTime": "09:30:00"});
    let made = ann.post(SUB, list).await.is(201, json!([rank(&shown, "0|i00007:"), second, rank(&shown, "0|i0000n:")]));
    let numbers = ids(&made);
    world.check(numbers.windows(2).all(|pair| pair[0] != pair[1]), &made);
    world.check(row(&ann.subs(other).await, numbers[1]) == made[1], "as it is told, so it is kept");
    world.check(ids(&ann.subs(todo).await)[1..] == [numbers[0], numbers[2]], "each with its todo");
    let set = json!([{"content": "우유 🥛", "todoId": todo, "id": 1, "rank": "0|zzzzzz:", "userId": 1, "deletedAt": "2024-01-01T00:00:00Z", "createdAt": "x", "order": 9}]);
    ann.post(SUB, set).await.is(201, json!([rank(&shown, "0|i0000v:")]));
    // One alone is a list of one.
    ann.post(SUB, right.clone()).await.is(201, json!([rank(&shown, "0|i00013:")]));
    ann.post(SUB, json!({"content": "우유 🥛", "todo_id": todo.to_string(), "due_time": null, "date": null}))
        .await
        .is(201, json!([shown.clone()]));
    for (field, value, shows, stored) in [
        ("content", json!(5), "content", json!("5")),
        ("content", json!("가".repeat(255)), "content", json!("가".repeat(255))),
        ("date", json!("2024-02-29"), "date", json!("2024-02-29")),
        ("due_time", json!("09:30:15.25"), "dueTime", json!("09:30:15.250000")),
        ("is_completed", json!("yes"), "isCompleted", json!(true)),
        ("isCompleted", json!(0), "isCompleted", json!(false)),
    ] {
        ann.post(SUB, json!([but(&right, field, value)])).await.is(201, json!([but(&shown, shows, stored)]));
    }
    // The day of the todo is not the step's.
    let dated = ann.dated(category, "dated", "2024-11-05").await;
    ann.post(SUB, json!([{"content": "우유 🥛", "todoId": dated}])).await.has(201, json!([{"date": null}]));
}

async fn wrong_creation(world: &Arc<World>) {
    let (ann, _, todo) = with_todo(world).await;
    let right = json!({"content": "a", "todoId": todo});
    let texts = wrong_texts().into_iter().map(|(value, sentence)| ("content", value, sentence));
    let todos = [
        ("content", json!("?"), "This field is required."),
        ("todoId", json!("?"), "This field is required."),
        ("todoId", json!(null), "This field may not be null."),
        ("todoId", json!(999_999_999), "Invalid pk \"999999999\" - object does not exist."),
        ("todoId", json!("999999999"), "Invalid pk \"999999999\" - object does not exist."),
        ("todoId", json!("a"), "Incorrect type. Expected pk value, received str."),
        ("todoId", json!(false), "Incorrect type. Expected pk value, received bool."),
        ("todoId", json!([todo]), "Incorrect type. Expected pk value, received list."),
        ("todoId", json!({}), "Incorrect type. Expected pk value, received dict."),
    ];
    for (field, value, sentence) in texts.chain(todos).chain(wrong_details()) {
        let wrong = but(&right, field, value);
        // Where the good rows are, there is nothing; and nothing is saved.
        ann.post(SUB, json!([right, wrong, right])).await.is(400, json!([{}, {field: [sentence]}, {}]));
        ann.post(SUB, json!([wrong])).await.is(400, json!([{field: [sentence]}]));
    }
    let unknown = json!({"content": "", "todoId": 9});
    ann.post(SUB, json!([{"content": "a", "todoId": 0}, right, unknown])).await.has(
        400,
        json!([
        {"todoId": ["Invalid pk \"0\" - object does not exist."]}, {}, {"content": ["This field may not be blank."]}]),
    );
    for odd in [json!(5), json!("text"), json!(null), json!([]), json!([right]), json!(true)] {
        let body = ann.post(SUB, json!([right, odd])).await.gives(400);
        world.check(body[0] == json!({}) && body[1].as_object().is_some_and(|faults| !faults.is_empty()), &body);
    }
    for (body, kind) in [(json!("text"), "str"), (json!(5), "int"), (json!(true), "bool")] {
        ann.post(SUB, body)
            .await
            .refuses("nonFieldErrors", &format!("Expected a list of items but got type \"{kind}\"."));
    }
    for body in [json!({}), json!(null), json!({"content": ""}), json!({"todoId": todo})] {
        ann.post(SUB, body).await.gives(400);
    }
    ann.get(&format!("{SUB}?todo_id={todo}")).await.is(200, json!([]));
}

async fn lists(world: &Arc<World>) {
    let (ann, category, todo) = with_todo(world).await;
    let other = ann.todo(category, "other").await;
    let (one, two, three) = (ann.sub(todo, "one").await, ann.sub(other, "two").await, ann.sub(todo, "three").await);
    for (query, found) in [
        (format!("todo_id={todo}"), &[one, three][..]),
        (format!("todoId={todo}&user_id=1"), &[one, three][..]),
        (format!("todo_id={other}"), &[two][..]),
        ("todo_id=999999999".to_owned(), &[][..]),
        ("todo_id=0".to_owned(), &[][..]),
    ] {
        let rows = ann.get(&format!("{SUB}?{query}")).await.gives(200);
        world.check(ids(&rows) == found, format!("{query}: {rows}"));
    }
    for query in ["", "?", "?user_id=1", "?todo_id=", "?todo=1"] {
        ann.get(&format!("{SUB}{query}")).await.is(400, json!({"error": "todo_id must be provided"}));
    }
    for query in ["todo_id=abc", "todo_id=1.5", "todoId=null", "todo_id=1%20or%201=1", "todo_id=[1]", "todo_id=%00"] {
        ann.get(&format!("{SUB}?{query}")).await.gives(400);
    }
}

async fn change(world: &Arc<World>) {
    let (ann, category, todo) = with_todo(world).await;
    let other = ann.todo(category, "other").await;
    let id = ann.sub(todo, "우유 🥛").await;
    let before = ann.todos().await;
    let mut now = but(&but(&shown(todo), "id", json!(id)), "rank", json!("0|hzzzzz:"));
    for (body, field, stored) in [
        (json!({"subtodoId": id, "content": " 빵 🍞 "}), "content", json!("빵 🍞")),
        (json!({"subtodo_id": id.to_string(), "content": "a"}), "content", json!("a")),
        (json!({"subtodoId": id, "date": "2024-11-05"}), "date", json!("2024-11-05")),
        (json!({"subtodoId": id, "due_time": "09:30"}), "dueTime", json!("09:30:00")),
        (json!({"subtodoId": id, "isCompleted": true}), "isCompleted", json!(true)),
        (json!({"subtodoId": id, "content": "b", "rank": "0|zzzzzz:", "userId": 1}), "content", json!("b")),
        (json!({"subtodoId": id, "date": null}), "date", json!(null)),
        (json!({"subtodoId": id, "dueTime": null}), "dueTime", json!(null)),
        (json!({"subtodoId": id, "is_completed": "off"}), "isCompleted", json!(false)),
        (
            json!({"subtodoId": id, "content": "c", "deletedAt": "2024-01-01T00:00:00Z", "createdAt": "x"}),
            "content",
            json!("c"),
        ),
        (json!({"subtodoId": id, "todoId": other.to_string()}), "todoId", json!(other)),
        (json!({"subtodoId": id, "todo_id": todo, "content": "c"}), "todoId", json!(todo)),
    ] {
        now = but(&now, field, stored);
        ann.patch(SUB, body).await.is(200, now.clone());
        let kept = ann.subs(now["todoId"].as_i64().unwrap_or(0)).await;
        world.check(
            row(&kept, id)[field] == now[field] && kept.as_array().is_some_and(|kept| kept.len() == 1),
            format!("{kept} {now}"),
        );
    }
    // Nothing of it touches the todo.
    let after = ann.todos().await;
    let bare = |rows: &Value| {
        rows.as_array().into_iter().flatten().map(|row| but(row, "children", json!("?"))).collect::<Vec<_>>()
    };
    world.check(bare(&before) == bare(&after), format!("{before} {after}"));
}

async fn wrong_change(world: &Arc<World>) {
    let (ann, _, todo) = with_todo(world).await;
    let (id, gone) = (ann.sub(todo, "a").await, ann.sub(todo, "gone").await);
    ann.delete(SUB, json!({"subtodoId": gone})).await.gives(200);
    let before = ann.subs(todo).await;
    for body in [
        json!({}),
        json!({"content": "b"}),
        json!({"subtodoId": null, "content": "b"}),
        json!({"id": id, "content": "b"}),
    ] {
        ann.patch(SUB, body.clone()).await.is(400, json!({"error": "subtodo_id must be provided"}));
        ann.delete(SUB, body).await.is(400, json!({"error": "subtodo_id must be provided"}));
    }
    for other in [json!(gone), json!(todo), json!(9_007_199_254_740_000_i64), json!("999999999"), json!(0), json!(-1)] {
        ann.patch(SUB, json!({"subtodoId": other, "content": "b"}))
            .await
            .is(404, json!({"error": "SubTodo not found"}));
    }
    for wrong in [json!("abc"), json!(true), json!([id]), json!({"id": id}), json!(1.5), json!("")] {
        ann.patch(SUB, json!({"subtodoId": wrong, "content": "b"})).await.gives(400);
        ann.delete(SUB, json!({"subtodoId": wrong})).await.gives(400);
    }
    for body in
        [json!({"subtodoId": id}), json!({"subtodoId": id, "order": 1}), json!({"subtodoId": id, "rank": "0|zzzzzz:"})]
    {
        ann.patch(SUB, body).await.is(400, json!({"nonFieldErrors": [NOTHING]}));
    }
    let texts = wrong_texts().into_iter().map(|(value, sentence)| ("content", value, sentence));
    let todos = [
        ("todoId", json!(null), "This field may not be null."),
        ("todoId", json!(999_999_999), "Invalid pk \"999999999\" - object does not exist."),
        ("todoId", json!("a"), "Incorrect type. Expected pk value, received str."),
    ];
    for (field, value, sentence) in texts.chain(todos).chain(wrong_details()) {
        ann.patch(SUB, json!({"subtodoId": id, field: value})).await.refuses(field, sentence);
    }
    for body in
        [json!([]), json!([{"subtodoId": id, "content": "b"}]), json!("text"), json!(5), json!(null), json!(true)]
    {
        ann.patch(SUB, body.clone()).await.gives(400);
        ann.delete(SUB, body).await.gives(400);
    }
    ann.get(&format!("{SUB}?todo_id={todo}")).await.is(200, before);
}

/// The inbox of the unchanged client calls the number of a step `todoId`.
async fn older_inbox(world: &Arc<World>) {
    let (ann, _, todo) = with_todo(world).await;
    let (one, two) = (ann.sub(todo, "one").await, ann.sub(todo, "two").await);
    ann.patch(SUB, json!({"todoId": two, "content": "b"}))
        .await
        .has(200, json!({"id": two, "content": "b", "todoId": todo}));
    ann.patch(SUB, json!({"todo_id": two.to_string(), "isCompleted": true}))
        .await
        .has(200, json!({"id": two, "content": "b", "isCompleted": true, "todoId": todo}));
    ann.patch(SUB, json!({"todoId": two, "rank": {"prevId": null, "nextId": one}}))
        .await
        .has(200, json!({"id": two, "rank": "0|hzzzzr:"}));
    world.check(ids(&ann.subs(todo).await) == [two, one], "two was dragged before one");
    let ben = world.newcomer().await;
    let his = ben.category("his").await;
    let his = ben.todo(his, "his").await;
    let his = ben.sub(his, "his").await;
    for id in [json!(todo), json!(his), json!(999_999_999), json!(0), json!("abc"), json!([two]), json!(null)] {
        ann.patch(SUB, json!({"todoId": id, "content": "c"}))
            .await
            .is(400, json!({"error": "subtodo_id must be provided"}));
    }
    // With its own name it is what it says.
    ann.patch(SUB, json!({"subtodoId": one, "todoId": two, "content": "c"}))
        .await
        .refuses("todoId", &format!("Invalid pk \"{two}\" - object does not exist."));
    // The list of children is what the client reads back.
    let children = ann.todos().await[0]["children"].clone();
    world.check(each(&children, "content") == ["b", "one"], &children);
}

async fn deletion(world: &Arc<World>) {
    let (ann, _, todo) = with_todo(world).await;
    let (id, kept) = (ann.sub(todo, "a").await, ann.sub(todo, "b").await);
    ann.delete(&format!("{SUB}?subtodo_id={id}"), json!({}))
        .await
        .is(400, json!({"error": "subtodo_id must be provided"}));
    // Here `todoId` is not the step's number.
    ann.delete(SUB, json!({"todoId": id})).await.is(400, json!({"error": "subtodo_id must be provided"}));
    ann.delete(SUB, json!({"subtodoId": 999_999_999}))
        .await
        .is(400, json!({"error": "No object found with id 999999999"}));
    ann.delete(SUB, json!({"subtodo_id": id.to_string()}))
        .await
        .is(200, json!({"subtodoId": id, "message": "SubTodo deleted successfully"}));
    ann.delete(SUB, json!({"subtodoId": id})).await.is(400, json!({"error": format!("No object found with id {id}")}));
    ann.patch(SUB, json!({"subtodoId": id, "content": "b"})).await.is(404, json!({"error": "SubTodo not found"}));
    world.check(ids(&ann.subs(todo).await) == [kept], "one is left");
    world.check(ids(&ann.get(TODO).await.gives(200)[0]["children"]) == [kept], "in the todo too");
}
