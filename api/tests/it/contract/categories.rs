//! `/todos/category/`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::forged::but;
use super::harness::{CATEGORY, Person, TODO, World, ids, row};

pub(super) async fn holds(world: Arc<World>) {
    creation(&world).await;
    wrong_creation(&world).await;
    lists(&world).await;
    change(&world).await;
    wrong_change(&world).await;
    deletion(&world).await;
}

fn shown(ann: &Person) -> Value {
    json!({"id": "#", "createdAt": "@", "updatedAt": "@", "deletedAt": null, "color": 1, "title": "일 🗂️", "rank": "…0|", "userId": ann.id})
}

async fn creation(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    let right = json!({"title": "일 🗂️", "color": 1});
    let first = ann.post(CATEGORY, right.clone()).await.is(201, but(&shown(&ann), "rank", json!("0|hzzzzz:")));
    // The server says which, whose and where.
    let set = json!({"title": "일 🗂️", "color": 1, "id": 1, "userId": ben.id, "user_id": ben.id, "rank": "0|zzzzzz:", "deletedAt": "2024-01-01T00:00:00Z",
        "createdAt": "2024-01-01T00:00:00Z", "updatedAt": null, "order": 5});
    let second = ann.post(CATEGORY, set).await.is(201, but(&shown(&ann), "rank", json!("0|i00007:")));
    world.check(second["id"].as_i64() > first["id"].as_i64() && second["createdAt"].as_str() > Some("2025"), &second);
    for (title, stored) in [
        (json!("  Work \n"), json!("Work")),
        (json!(null), json!(null)),
        (json!("?"), json!(null)),
        (json!(5), json!("5")),
        (json!("가".repeat(100)), json!("가".repeat(100))),
        (json!("🙂".repeat(100)), json!("🙂".repeat(100))),
    ] {
        ann.post(CATEGORY, but(&right, "title", title)).await.is(201, but(&shown(&ann), "title", stored));
    }
    for (color, stored) in [
        (json!(0), 0),
        (json!(8), 8),
        (json!("1"), 1),
        (json!("8"), 8),
        // The palette of the unchanged client.
        (json!("#FF3D71"), 0),
        (json!("#FF7E29"), 1),
        (json!("#FFC233"), 2),
        (json!("#4CAF50"), 3),
        (json!("#00BCD4"), 4),
    ] {
        ann.post(CATEGORY, but(&right, "color", color)).await.is(201, but(&shown(&ann), "color", json!(stored)));
    }
    world.check(ben.categories().await == json!([]), "nothing of it is another's");
}

async fn wrong_creation(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let right = json!({"title": "Work", "color": 1});
    for (field, value, sentence) in [
        ("color", json!("?"), "This field is required."),
        ("color", json!(null), "This field may not be null."),
        ("color", json!(9), "Ensure this value is less than or equal to 8."),
        ("color", json!("9"), "Ensure this value is less than or equal to 8."),
        ("color", json!(-1), "Ensure this value is greater than or equal to 0."),
        ("color", json!("red"), "A valid integer is required."),
        ("color", json!("#123456"), "A valid integer is required."),
        ("color", json!("#"), "A valid integer is required."),
        ("color", json!(""), "A valid integer is required."),
        ("color", json!(true), "A valid integer is required."),
        ("color", json!(1.5), "A valid integer is required."),
        ("color", json!([]), "A valid integer is required."),
        ("color", json!({}), "A valid integer is required."),
        ("title", json!(""), "This field may not be blank."),
        ("title", json!(" \t\n"), "This field may not be blank."),
        ("title", json!("가".repeat(101)), "Ensure this field has no more than 100 characters."),
        ("title", json!([]), "Not a valid string."),
        ("title", json!({"a": 1}), "Not a valid string."),
        ("title", json!(true), "Not a valid string."),
    ] {
        let body =
            ann.post(CATEGORY, but(&right, field, value)).await.has(400, json!({"error": format!("…{sentence}")}));
        readable(world, &body);
    }
    for body in [json!([]), json!([right]), json!("text"), json!(5), json!(null), json!(true)] {
        readable(world, &ann.post(CATEGORY, body).await.gives(400));
    }
    ann.get(CATEGORY).await.is(200, json!([]));
}

/// A sentence, and not how Python shows its objects.
pub(super) fn readable(world: &World, body: &Value) {
    let text = body.to_string();
    world.check(!text.contains("ErrorDetail") && !text.contains("[{") && !text.contains("{'"), &text);
}

async fn lists(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    ann.get(CATEGORY).await.is(200, json!([]));
    let mine = [ann.category("a").await, ann.category("b").await, ann.category("c").await];
    let his = ben.category("d").await;
    for query in ["", &format!("?user_id={}", ben.id), "?userId=nonsense&order=-rank", "?", "?start_date=nonsense"] {
        let rows = ann.get(&format!("{CATEGORY}{query}")).await.gives(200);
        world.check(ids(&rows) == mine, &rows);
    }
    world.check(ids(&ben.categories().await) == [his], "only his own");
    let rows = ann.categories().await;
    let created = |id| row(&rows, id);
    ann.get(CATEGORY).await.is(200, json!([created(mine[0]), created(mine[1]), created(mine[2])]));
    world.check(created(mine[0])["rank"] == "0|hzzzzz:" && created(mine[2])["rank"] == "0|i0000f:", &rows);
}

async fn change(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let id = ann.category("일 🗂️").await;
    let before = row(&ann.categories().await, id);
    let mut now = but(&before, "updatedAt", json!("@"));
    for (body, field, stored) in [
        (json!({"categoryId": id, "title": " 집 🏠 "}), "title", json!("집 🏠")),
        (json!({"category_id": id.to_string(), "title": null}), "title", json!(null)),
        (json!({"categoryId": id.to_string(), "title": "Home", "color": "1"}), "title", json!("Home")),
        (json!({"categoryId": id, "color": 5}), "color", json!(5)),
        // Black is a colour too.
        (json!({"categoryId": id, "color": 0}), "color", json!(0)),
        (json!({"categoryId": id, "color": "0"}), "color", json!(0)),
        (json!({"categoryId": id, "color": "#FFC233"}), "color", json!(2)),
        (json!({"categoryId": id, "color": "#FF3D71"}), "color", json!(0)),
    ] {
        if body.get("color").is_some_and(|color| color == "1") {
            now = but(&now, "color", json!(1));
        }
        now = but(&now, field, stored);
        ann.patch(CATEGORY, body).await.is(200, now.clone());
        ann.get(CATEGORY).await.is(200, json!([now]));
    }
    // Clients cannot write the fields of the server.
    let set = json!({"categoryId": id, "title": "Desk", "rank": "nonsense", "deletedAt": "2024-01-01T00:00:00Z", "createdAt": "2024-01-01T00:00:00Z",
        "id": 1, "updatedAt": "2024-01-01T00:00:00Z"});
    let after = ann.patch(CATEGORY, set).await.is(200, but(&now, "title", json!("Desk")));
    world.check(after["updatedAt"].as_str() > before["updatedAt"].as_str(), &after);
    for field in ["rank", "deletedAt", "createdAt"] {
        ann.patch(CATEGORY, json!({"categoryId": id, field: "0|zzzzzz:"})).await.gives_one_of(&[400, 200]);
    }
    ann.get(CATEGORY).await.is(200, json!([but(&now, "title", json!("Desk"))]));
    // The next one still finds its place.
    ann.post(CATEGORY, json!({"color": 1})).await.has(201, json!({"rank": "0|i00007:"}));
}

async fn wrong_change(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let (id, gone) = (ann.category("Work").await, ann.category("Gone").await);
    ann.delete(CATEGORY, json!({"categoryId": gone})).await.gives(200);
    let before = ann.categories().await;
    for body in
        [json!({}), json!({"title": "a"}), json!({"categoryId": null, "title": "a"}), json!({"id": id, "title": "a"})]
    {
        ann.patch(CATEGORY, body).await.is(400, json!({"error": "category_id must be provided"}));
    }
    for user in ["userId", "user_id"] {
        ann.patch(CATEGORY, json!({"categoryId": id, user: ann.id, "title": "a"}))
            .await
            .is(400, json!({"error": "user_id cannot be updated"}));
    }
    for other in [json!(gone), json!(9_007_199_254_740_000_i64), json!("999999999"), json!(0), json!(-1)] {
        ann.patch(CATEGORY, json!({"categoryId": other, "title": "a"}))
            .await
            .is(404, json!({"error": "Category not found"}));
    }
    for wrong in [json!("abc"), json!(true), json!([id]), json!({"id": id}), json!(1.5), json!("")] {
        ann.patch(CATEGORY, json!({"categoryId": wrong, "title": "a"})).await.gives(400);
        ann.delete(CATEGORY, json!({"categoryId": wrong})).await.gives(400);
    }
    for body in [json!({"categoryId": id}), json!({"categoryId": id, "order": 1})] {
        ann.patch(CATEGORY, body)
            .await
            .is(400, json!({"nonFieldErrors": ["At least one of color, title, rank must be provided"]}));
    }
    for (field, value, sentence) in [
        ("color", json!(null), "This field may not be null."),
        ("color", json!(9), "Ensure this value is less than or equal to 8."),
        ("color", json!(-1), "Ensure this value is greater than or equal to 0."),
        ("color", json!("#000000"), "A valid integer is required."),
        ("color", json!([1]), "A valid integer is required."),
        ("title", json!(""), "This field may not be blank."),
        ("title", json!("a".repeat(101)), "Ensure this field has no more than 100 characters."),
        ("title", json!([]), "Not a valid string."),
        ("title", json!(false), "Not a valid string."),
    ] {
        ann.patch(CATEGORY, json!({"categoryId": id, field: value})).await.refuses(field, sentence);
    }
    for body in [json!([]), json!([{"categoryId": id}]), json!("text"), json!(5), json!(null), json!(true)] {
        ann.patch(CATEGORY, body.clone()).await.gives(400);
        ann.delete(CATEGORY, body).await.gives(400);
    }
    ann.get(CATEGORY).await.is(200, before);
}

async fn deletion(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let (kept, gone) = (ann.category("Kept").await, ann.category("Gone").await);
    let todo = ann.todo(gone, "stays").await;
    for body in [json!({}), json!({"categoryId": null}), json!({"id": gone})] {
        ann.delete(CATEGORY, body).await.is(400, json!({"error": "category_id must be provided"}));
    }
    // A query says nothing.
    ann.delete(&format!("{CATEGORY}?category_id={gone}&categoryId={gone}"), json!({}))
        .await
        .is(400, json!({"error": "category_id must be provided"}));
    ann.delete(CATEGORY, json!({"categoryId": 999_999_999}))
        .await
        .is(400, json!({"error": "No object found with id 999999999"}));
    ann.delete(CATEGORY, json!({"category_id": gone.to_string()}))
        .await
        .is(200, json!({"categoryId": gone, "message": "Category deleted successfully"}));
    ann.delete(CATEGORY, json!({"categoryId": gone}))
        .await
        .is(400, json!({"error": format!("No object found with id {gone}")}));
    world.check(ids(&ann.categories().await) == [kept], "one is left");

    // Its todos stay, in lists too.
    let rows = ann.todos().await;
    world.check(row(&rows, todo)["categoryId"] == gone, &rows);
    ann.patch(TODO, json!({"todoId": todo, "content": "still here"}))
        .await
        .has(200, json!({"categoryId": gone, "content": "still here"}));
    let sentence = format!("Invalid pk \"{gone}\" - object does not exist.");
    ann.post(TODO, json!({"content": "new", "categoryId": gone}))
        .await
        .has(400, json!({"error": format!("…{sentence}")}));
    let other = ann.todo(kept, "other").await;
    ann.patch(TODO, json!({"todoId": other, "categoryId": gone})).await.refuses("categoryId", &sentence);
    ann.patch(TODO, json!({"todoId": todo, "categoryId": kept})).await.has(200, json!({"categoryId": kept}));
    // The next one follows the highest that is left.
    ann.post(CATEGORY, json!({"color": 1})).await.has(201, json!({"rank": "0|i00007:"}));
}
