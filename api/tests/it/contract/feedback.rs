//! Messages of users to the developers.

use std::sync::Arc;

use serde_json::json;

use super::forged::but;
use super::harness::{FEEDBACK, World};

pub(super) async fn holds(world: Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    let right =
        json!({"userId": ann.id, "title": "Dark mode", "category": "feature", "description": "밤에 눈이 아파요 🌙"});
    let shown = json!({"id": "#", "userId": ann.id, "title": "Dark mode", "category": "feature", "description": "밤에 눈이 아파요 🌙", "createdAt": "@", "status": "pending"});
    ann.post(FEEDBACK, right.clone()).await.is(201, shown.clone());
    ann.post(FEEDBACK, but(&but(&right, "userId", json!("?")), "user_id", json!(ann.id.to_string())))
        .await
        .is(201, shown.clone());
    // Without an author it is the caller, as the token says.
    ann.post(FEEDBACK, but(&right, "userId", json!("?"))).await.is(201, shown.clone());
    let more =
        but(&but(&but(&right, "status", json!("done")), "createdAt", json!("2001-01-01T00:00:00Z")), "id", json!(1));
    ann.post(FEEDBACK, more).await.is(201, shown.clone());
    for category in ["bug", "feature", "feedback"] {
        ann.post(FEEDBACK, but(&right, "category", json!(category)))
            .await
            .is(201, but(&shown, "category", json!(category)));
    }
    let title = "가".repeat(200);
    ann.post(FEEDBACK, but(&right, "title", json!(format!("  {title}\n"))))
        .await
        .is(201, but(&shown, "title", json!(title)));
    ann.post(FEEDBACK, but(&right, "description", json!(" 5 "))).await.is(201, but(&shown, "description", json!("5")));

    for user in [
        json!(ben.id),
        json!(ben.id.to_string()),
        json!(9_007_199_254_740_000_i64),
        json!(0),
        json!("abc"),
        json!(null),
        json!([ann.id]),
        json!(true),
    ] {
        ann.post(FEEDBACK, but(&right, "userId", user)).await.is(400, json!({"userId": ["…"]}));
    }
    for field in ["title", "description"] {
        for (value, sentence) in [
            (json!("?"), "This field is required."),
            (json!(null), "This field may not be null."),
            (json!(" "), "This field may not be blank."),
            (json!([]), "Not a valid string."),
            (json!({}), "Not a valid string."),
            (json!(true), "Not a valid string."),
        ] {
            ann.post(FEEDBACK, but(&right, field, value)).await.refuses(field, sentence);
        }
    }
    ann.post(FEEDBACK, but(&right, "title", json!("가".repeat(201))))
        .await
        .refuses("title", "Ensure this field has no more than 200 characters.");
    for (value, sentence) in [
        (json!("?"), "This field is required."),
        (json!(null), "This field may not be null."),
        (json!("33"), "\"33\" is not a valid choice."),
        (json!(33), "\"33\" is not a valid choice."),
        (json!("Bug"), "\"Bug\" is not a valid choice."),
        (json!(""), "\"\" is not a valid choice."),
    ] {
        ann.post(FEEDBACK, but(&right, "category", value)).await.refuses("category", sentence);
    }
    for value in [json!(["bug"]), json!({"bug": 1}), json!(true)] {
        ann.post(FEEDBACK, but(&right, "category", value))
            .await
            .is(400, json!({"category": ["… is not a valid choice."]}));
    }
    // All that is wrong at once.
    let all = json!({"title": ["This field may not be null."], "category": ["This field is required."], "description": ["Not a valid string."]});
    ann.post(FEEDBACK, json!({"userId": ann.id, "title": null, "description": []})).await.is(400, all);
    for body in [json!([]), json!([right]), json!("text"), json!(5), json!(null), json!(true)] {
        ann.post(FEEDBACK, body).await.gives(400);
    }
}
