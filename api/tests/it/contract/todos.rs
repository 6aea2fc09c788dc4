//! `/todos/todo/`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::categories::readable;
use super::forged::but;
use super::harness::{Person, SUB, TODO, World, each, ids, row};

pub(super) const DATE: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
pub(super) const TIME: &str = "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].";
const NOTHING: &str = "At least one of content, category_id, date, due_time, is_completed must be provided";

pub(super) async fn holds(world: Arc<World>) {
    creation(&world).await;
    wrong_creation(&world).await;
    lists(&world).await;
    change(&world).await;
    emptied_fields(&world).await;
    wrong_change(&world).await;
    steps_follow_the_day(&world).await;
    older_calendar(&world).await;
    deletion(&world).await;
}

/// What may be wrong with the text of a todo or a step, and what is said of it.
pub(super) fn wrong_texts() -> Vec<(Value, &'static str)> {
    vec![
        (json!(null), "This field may not be null."),
        (json!(""), "This field may not be blank."),
        (json!(" \t\r\n "), "This field may not be blank."),
        (json!("가".repeat(256)), "Ensure this field has no more than 255 characters."),
        (json!("🙂".repeat(256)), "Ensure this field has no more than 255 characters."),
        (json!([]), "Not a valid string."),
        (json!(["a"]), "Not a valid string."),
        (json!({}), "Not a valid string."),
        (json!(true), "Not a valid string."),
        (json!(false), "Not a valid string."),
    ]
}

/// The same for a date, a time and a tick.
pub(super) fn wrong_details() -> Vec<(&'static str, Value, &'static str)> {
    let mut all = Vec::new();
    let dates = [
        json!("2024-13-01"),
        json!("2024-02-30"),
        json!("2023-02-29"),
        json!("01/02/2024"),
        json!("tomorrow"),
        json!(""),
    ];
    for date in dates.into_iter().chain([
        json!("2024-11-05T00:00:00Z"),
        json!(20_241_105),
        json!(true),
        json!([]),
        json!({}),
        json!("2024-11-05\u{0}"),
    ]) {
        all.push(("date", date, DATE));
    }
    let times = [json!("24:00"), json!("12:60"), json!("12:30:60"), json!("noon"), json!(""), json!("9am")];
    for time in times.into_iter().chain([
        json!("2024-11-05T12:00"),
        json!(930),
        json!(false),
        json!([]),
        json!({}),
        json!("12:30:15.x"),
    ]) {
        all.push(("dueTime", time, TIME));
    }
    for tick in [json!("maybe"), json!(2), json!([]), json!({}), json!("done")] {
        all.push(("isCompleted", tick, "Must be a valid boolean."));
    }
    all.push(("isCompleted", json!(null), "This field may not be null."));
    all
}

fn shown(ann: &Person, category: i64) -> Value {
    json!({"id": "#", "content": "장보기 🛒", "categoryId": category, "date": null, "dueTime": null, "userId": ann.id, "rank": "…0|", "isCompleted": false})
}

async fn creation(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    let category = ann.category("Home").await;
    let (right, shown) = (json!({"content": "장보기 🛒", "categoryId": category}), shown(&ann, category));
    ann.post(TODO, right.clone()).await.is(201, shown.clone());
    ann.post(TODO, json!({"content": "장보기 🛒", "category_id": category.to_string()})).await.is(201, shown.clone());
    let set = json!({"content": "장보기 🛒", "categoryId": category, "id": 1, "rank": "0|zzzzzz:", "userId": ben.id, "user_id": "x", "order": 1, "start_date": "x",
        "deletedAt": "2024-01-01T00:00:00Z", "children": [{"content": "x"}]});
    ann.post(TODO, set).await.is(201, but(&shown, "rank", json!("0|i0000f:")));
    for (field, value, shows, stored) in [
        ("content", json!("  a \n b  "), "content", json!("a \n b")),
        ("content", json!(5), "content", json!("5")),
        ("content", json!("가".repeat(255)), "content", json!("가".repeat(255))),
        ("content", json!(format!("  {}  ", "🙂".repeat(255))), "content", json!("🙂".repeat(255))),
        ("date", json!("2024-11-05"), "date", json!("2024-11-05")),
        ("date", json!("2024-02-29"), "date", json!("2024-02-29")),
        ("date", json!(null), "date", json!(null)),
        ("dueTime", json!("09:30"), "dueTime", json!("09:30:00")),
        ("due_time", json!("23:59:59"), "dueTime", json!("23:59:59")),
        ("dueTime", json!("09:30:15.25"), "dueTime", json!("09:30:15.250000")),
        ("due_time", json!("00:00:00.000001"), "dueTime", json!("00:00:00.000001")),
        ("dueTime", json!(null), "dueTime", json!(null)),
        ("isCompleted", json!(true), "isCompleted", json!(true)),
        ("is_completed", json!("true"), "isCompleted", json!(true)),
        ("isCompleted", json!(1), "isCompleted", json!(true)),
        ("isCompleted", json!("off"), "isCompleted", json!(false)),
    ] {
        let made = ann.post(TODO, but(&right, field, value)).await.is(201, but(&shown, shows, stored));
        // As it is told, so it is kept.
        let listed = row(&ann.todos().await, made["id"].as_i64().unwrap_or(0));
        world.check(listed == but(&made, "children", json!([])), format!("{listed} {made}"));
    }
    world.check(ben.todos().await == json!([]), "nothing of it is another's");
}

async fn wrong_creation(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let right = json!({"content": "a", "categoryId": ann.category("Home").await});
    let texts = wrong_texts().into_iter().map(|(value, sentence)| ("content", value, sentence));
    let categories = [
        (json!("?"), "This field is required."),
        (json!(null), "This field may not be null."),
        (json!(999_999_999), "Invalid pk \"999999999\" - object does not exist."),
        (json!("999999999"), "Invalid pk \"999999999\" - object does not exist."),
        (json!(0), "Invalid pk \"0\" - object does not exist."),
        (json!(-1), "Invalid pk \"-1\" - object does not exist."),
        (json!("Home"), "Incorrect type. Expected pk value, received str."),
        (json!(true), "Incorrect type. Expected pk value, received bool."),
        (json!([]), "Incorrect type. Expected pk value, received list."),
        (json!({}), "Incorrect type. Expected pk value, received dict."),
    ];
    let categories = categories.into_iter().map(|(value, sentence)| ("categoryId", value, sentence));
    let missing = [("content", json!("?"), "This field is required.")];
    for (field, value, sentence) in texts.chain(categories).chain(missing).chain(wrong_details()) {
        let body = ann.post(TODO, but(&right, field, value)).await.has(400, json!({"error": format!("…{sentence}")}));
        readable(world, &body);
    }
    for body in [json!({}), json!([]), json!([right]), json!("text"), json!(5), json!(null), json!(true)] {
        readable(world, &ann.post(TODO, body).await.gives(400));
    }
    ann.get(TODO).await.is(200, json!([]));
}

async fn lists(world: &Arc<World>) {
    let ann = world.newcomer().await;
    ann.get(TODO).await.is(200, json!([]));
    let (home, work) = (ann.category("Home").await, ann.category("Work").await);
    let inbox = ann.todo(home, "some day").await;
    let first = ann.dated(work, "first", "2024-11-01").await;
    let middle = ann.dated(home, "middle", "2024-11-05").await;
    let last = ann.dated(work, "last", "2024-11-30").await;
    let (one, two) = (ann.sub(middle, "one").await, ann.sub(middle, "two").await);
    let gone = ann.sub(middle, "gone").await;
    ann.delete(SUB, json!({"subtodoId": gone})).await.gives(200);
    ann.patch(SUB, json!({"subtodoId": two, "patchRank": {"nextId": one}})).await.gives(200);

    let all = [inbox, first, middle, last];
    for (query, found) in [
        (String::new(), &all[..]),
        // The client asks for everything, and for whose is not looked at.
        (format!("?user_id={}", ann.id), &all[..]),
        ("?userId=1".to_owned(), &all[..]),
        ("?start_date=2024-11-01&end_date=2024-11-30".to_owned(), &all[1..]),
        ("?startDate=2024-11-01&endDate=2024-11-30".to_owned(), &all[1..]),
        ("?start_date=2024-11-01&endDate=2024-11-05".to_owned(), &all[1..3]),
        ("?start_date=2024-11-02&end_date=2024-11-29".to_owned(), &all[2..3]),
        ("?start_date=2024-11-05&end_date=2024-11-05".to_owned(), &all[2..3]),
        ("?end_date=2024-11-05&start_date=2024-11-05&user_id=7".to_owned(), &all[2..3]),
        ("?start_date=2024-11-06&end_date=2024-11-05".to_owned(), &[][..]),
        ("?start_date=1999-01-01&end_date=1999-12-31".to_owned(), &[][..]),
        // One alone is no range.
        ("?start_date=2024-11-05".to_owned(), &all[..]),
        ("?end_date=2024-11-05".to_owned(), &all[..]),
    ] {
        let rows = ann.get(&format!("{TODO}{query}")).await.gives(200);
        world.check(ids(&rows) == found, format!("{query}: {rows}"));
        world.check(each(&rows, "children").iter().all(|children| children.is_array()), &rows);
    }
    for query in [
        "start_date=x&end_date=2024-11-05",
        "start_date=2024-11-01&end_date=2024-11-31",
        "startDate=2024-11-01&endDate=1",
        "start_date=&end_date=x",
    ] {
        ann.get(&format!("{TODO}?{query}")).await.gives(400);
    }
    let listed = row(&ann.todos().await, middle);
    let child = |id: i64, content: &str| {
        json!({"id": id, "content": content, "todoId": middle, "date": null, "rank": "…0|", "isCompleted": false, "createdAt": "@", "updatedAt": "@",
            "deletedAt": null, "dueTime": null})
    };
    world.check(ids(&listed["children"]) == [two, one], &listed);
    let range = ann.get(&format!("{TODO}?start_date=2024-11-05&end_date=2024-11-05")).await;
    let expected = json!([{"id": middle, "content": "middle", "categoryId": home, "date": "2024-11-05", "dueTime": null, "userId": ann.id, "rank": "0|i0000f:",
        "isCompleted": false, "children": [child(two, "two"), child(one, "one")]}]);
    range.is(200, expected);
}

async fn change(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let (home, work) = (ann.category("Home").await, ann.category("Work").await);
    let id = ann.todo(home, "장보기 🛒").await;
    let mut now = but(&shown(&ann, home), "id", json!(id));
    for (body, field, stored) in [
        (json!({"todoId": id, "content": " 청소 🧹 "}), "content", json!("청소 🧹")),
        (json!({"todo_id": id.to_string(), "content": 7}), "content", json!("7")),
        (json!({"todoId": id.to_string(), "categoryId": work.to_string()}), "categoryId", json!(work)),
        (json!({"todoId": id, "category_id": home}), "categoryId", json!(home)),
        (json!({"todoId": id, "date": "2024-11-05"}), "date", json!("2024-11-05")),
        (json!({"todoId": id, "due_time": "09:30"}), "dueTime", json!("09:30:00")),
        (json!({"todoId": id, "isCompleted": true}), "isCompleted", json!(true)),
        // A change of something else leaves the tick alone.
        (json!({"todoId": id, "content": "a"}), "content", json!("a")),
        (json!({"todoId": id, "dueTime": "10:00:00.5", "order": 3}), "dueTime", json!("10:00:00.500000")),
        (json!({"todoId": id, "is_completed": "false"}), "isCompleted", json!(false)),
        (json!({"todoId": id, "is_completed": 1, "rank": "0|zzzzzz:"}), "isCompleted", json!(true)),
        (
            json!({"todoId": id, "content": "b", "rank": null, "id": 1, "deletedAt": "2024-01-01T00:00:00Z"}),
            "content",
            json!("b"),
        ),
        (json!({"todoId": id, "content": "b", "rank": "nonsense"}), "content", json!("b")),
    ] {
        now = but(&now, field, stored);
        now = but(&now, "rank", json!("0|hzzzzz:"));
        ann.patch(TODO, body).await.is(200, now.clone());
        let listed = ann.todos().await;
        world.check(listed == json!([but(&now, "children", json!([]))]), format!("{listed} {now}"));
    }
    let all = json!({"todoId": id, "content": "c", "categoryId": work, "date": "2025-01-01", "dueTime": "08:00", "isCompleted": false});
    let shown = json!({"id": id, "content": "c", "categoryId": work, "date": "2025-01-01", "dueTime": "08:00:00", "userId": ann.id, "rank": "0|hzzzzz:", "isCompleted": false});
    ann.patch(TODO, all).await.is(200, shown);
}

/// That a field is there counts, and not that it is not null.
async fn emptied_fields(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let body = json!({"content": "a", "categoryId": category, "date": "2024-11-05", "dueTime": "09:00"});
    for (empty, date, time) in [
        (json!({"date": null}), json!(null), json!("09:00:00")),
        (json!({"dueTime": null}), json!("2024-11-05"), json!(null)),
        (json!({"due_time": null}), json!("2024-11-05"), json!(null)),
        (json!({"date": null, "dueTime": null}), json!(null), json!(null)),
        (json!({"date": null, "content": "b"}), json!(null), json!("09:00:00")),
    ] {
        let id = ann.post(TODO, body.clone()).await.gives(201)["id"].as_i64().unwrap_or(0);
        let patch = but(&empty, "todoId", json!(id));
        ann.patch(TODO, patch).await.has(200, json!({"id": id, "date": date, "dueTime": time}));
        let listed = row(&ann.todos().await, id);
        world.check(listed["date"] == date && listed["dueTime"] == time, &listed);
    }
}

async fn wrong_change(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let (id, gone) = (ann.dated(category, "a", "2024-11-05").await, ann.todo(category, "gone").await);
    ann.delete(TODO, json!({"todoId": gone})).await.gives(200);
    let before = ann.todos().await;
    for body in
        [json!({}), json!({"content": "b"}), json!({"todoId": null, "content": "b"}), json!({"id": id, "content": "b"})]
    {
        ann.patch(TODO, body.clone()).await.is(400, json!({"error": "todo_id must be provided"}));
        ann.delete(TODO, body).await.is(400, json!({"error": "todo_id must be provided"}));
    }
    for other in [json!(gone), json!(9_007_199_254_740_000_i64), json!("999999999"), json!(0), json!(-1)] {
        ann.patch(TODO, json!({"todoId": other, "content": "b"})).await.is(404, json!({"error": "Todo not found"}));
        ann.patch(TODO, json!({"todoId": other})).await.gives_one_of(&[404, 400]);
    }
    for wrong in
        [json!("abc"), json!(true), json!([id]), json!({"id": id}), json!(1.5), json!(""), json!("1;2"), json!("0x1")]
    {
        ann.patch(TODO, json!({"todoId": wrong, "content": "b"})).await.gives(400);
        ann.delete(TODO, json!({"todoId": wrong})).await.gives(400);
    }
    for body in [json!({"todoId": id}), json!({"todoId": id, "order": 1}), json!({"todoId": id, "rank": "0|zzzzzz:"})] {
        ann.patch(TODO, body).await.is(400, json!({"nonFieldErrors": [NOTHING]}));
    }
    for user in ["userId", "user_id"] {
        for value in [json!(ann.id), json!(1), json!("x")] {
            ann.patch(TODO, json!({"todoId": id, user: value, "content": "b"}))
                .await
                .is(400, json!({"nonFieldErrors": ["User cannot be updated"]}));
            ann.patch(TODO, json!({"todoId": id, user: value}))
                .await
                .is(400, json!({"nonFieldErrors": ["User cannot be updated"]}));
        }
    }
    let texts = wrong_texts().into_iter().map(|(value, sentence)| ("content", value, sentence));
    let categories = [
        (json!(null), "This field may not be null."),
        (json!(999_999_999), "Invalid pk \"999999999\" - object does not exist."),
        (json!("Home"), "Incorrect type. Expected pk value, received str."),
        (json!([]), "Incorrect type. Expected pk value, received list."),
    ];
    let categories = categories.into_iter().map(|(value, sentence)| ("categoryId", value, sentence));
    for (field, value, sentence) in texts.chain(categories).chain(wrong_details()) {
        ann.patch(TODO, json!({"todoId": id, field: value})).await.refuses(field, sentence);
    }
    let both = json!({"content": ["This field may not be blank."], "dueTime": [TIME]});
    ann.patch(TODO, json!({"todoId": id, "content": "", "due_time": "x", "date": "2030-01-01"})).await.is(400, both);
    for body in [json!([]), json!([{"todoId": id, "content": "b"}]), json!("text"), json!(5), json!(null), json!(true)]
    {
        ann.patch(TODO, body.clone()).await.gives(400);
        ann.delete(TODO, body).await.gives(400);
    }
    ann.get(TODO).await.is(200, before);
}

async fn steps_follow_the_day(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let (id, other) = (ann.dated(category, "a", "2024-11-05").await, ann.dated(category, "b", "2024-11-05").await);
    let steps = json!([{"content": "dated", "todoId": id, "date": "2024-11-09"}, {"content": "not", "todoId": id},
        {"content": "another's", "todoId": other, "date": "2024-11-09", "dueTime": "07:00"}]);
    ann.post(SUB, steps).await.gives(201);
    let dates = async |todo: i64| json!(each(&ann.subs(todo).await, "date"));
    // Other fields leave the steps alone.
    ann.patch(TODO, json!({"todoId": id, "content": "c", "dueTime": "10:00", "isCompleted": true})).await.gives(200);
    world.check(dates(id).await == json!(["2024-11-09", null]), "before");
    world.check(each(&ann.subs(id).await, "isCompleted") == [false, false], "a tick is the todo's own");
    for date in [json!("2024-12-24"), json!(null), json!("2024-12-25"), json!("2024-12-25"), json!(null)] {
        ann.patch(TODO, json!({"todoId": id, "date": date})).await.has(200, json!({"date": date}));
        world.check(dates(id).await == json!([date, date]), format!("the steps did not follow to {date}"));
        world.check(each(&row(&ann.todos().await, id)["children"], "date") == [&date, &date], "in the list too");
    }
    // A step of its own day follows also when the todo's own day is what it was.
    let step = ann.subs(id).await[0]["id"].clone();
    ann.patch(SUB, json!({"subtodoId": step, "date": "2025-05-05"})).await.has(200, json!({"date": "2025-05-05"}));
    world.check(row(&ann.todos().await, id)["date"].is_null(), "the day of a step is its own");
    world.check(dates(other).await == json!(["2024-11-09"]), "the steps of another todo stay");
}

/// The calendar of the unchanged client sends two dates, equal, and no `date`.
async fn older_calendar(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let id = ann.dated(category, "a", "2024-11-05").await;
    let step = ann.sub(id, "step").await;
    for (body, date) in [
        (json!({"start_date": "2024-11-06", "end_date": "2024-11-06"}), json!("2024-11-06")),
        (json!({"startDate": "2024-11-07", "endDate": "2024-11-08"}), json!("2024-11-08")),
        (
            json!({"start_date": "2024-11-09", "endDate": "2024-11-10", "content": "b", "user_id": null}),
            json!("2024-11-10"),
        ),
        (json!({"start_date": "2024-11-11"}), json!("2024-11-11")),
        (json!({"end_date": "2024-11-12"}), json!("2024-11-12")),
        (json!({"start_date": null, "end_date": null}), json!(null)),
    ] {
        let mut body = but(&body, "todoId", json!(id.to_string()));
        body = but(&body, "user_id", json!("?"));
        ann.patch(TODO, body).await.has(200, json!({"id": id, "date": date}));
        world.check(row(&ann.todos().await, id)["date"] == date, format!("{date} is kept"));
        world.check(row(&ann.subs(id).await, step)["date"] == date, format!("the step follows to {date}"));
    }
    for body in
        [json!({"start_date": "x", "end_date": "x"}), json!({"end_date": "2024-11-31"}), json!({"start_date": 5})]
    {
        ann.patch(TODO, but(&body, "todoId", json!(id))).await.gives(400);
    }
}

async fn deletion(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let (id, kept) = (ann.todo(category, "a").await, ann.todo(category, "b").await);
    let (step, stays) = (ann.sub(id, "step").await, ann.sub(kept, "stays").await);
    ann.delete(&format!("{TODO}?todo_id={id}"), json!({})).await.is(400, json!({"error": "todo_id must be provided"}));
    ann.delete(TODO, json!({"todoId": 999_999_999}))
        .await
        .is(400, json!({"error": "No object found with id 999999999"}));
    ann.delete(TODO, json!({"todo_id": id.to_string()}))
        .await
        .is(200, json!({"todoId": id, "message": "Todo deleted successfully"}));
    ann.delete(TODO, json!({"todoId": id})).await.is(400, json!({"error": format!("No object found with id {id}")}));
    world.check(ids(&ann.todos().await) == [kept], "one is left");
    ann.patch(TODO, json!({"todoId": id, "content": "b"})).await.is(404, json!({"error": "Todo not found"}));
    // Its steps went with it, and no others.
    ann.get(&format!("{SUB}?todo_id={id}")).await.is(200, json!([]));
    ann.patch(SUB, json!({"subtodoId": step, "content": "b"})).await.is(404, json!({"error": "SubTodo not found"}));
    ann.delete(SUB, json!({"subtodoId": step}))
        .await
        .is(400, json!({"error": format!("No object found with id {step}")}));
    let sentence = format!("Invalid pk \"{id}\" - object does not exist.");
    ann.post(SUB, json!([{"content": "late", "todoId": id}])).await.is(400, json!([{"todoId": [sentence]}]));
    ann.patch(SUB, json!({"subtodoId": stays, "todoId": id})).await.refuses("todoId", &sentence);
    world.check(ids(&ann.subs(kept).await) == [stays], "the steps of others stay");
}
