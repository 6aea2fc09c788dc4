//! What other devices of the same person are told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{CATEGORY, Person, SUB, TODO, World};
use crate::services::people::{current, google, signed};

pub(super) async fn holds(world: Arc<World>) {
    let nobody = world.nobody();
    let login = async |device: &str| {
        let body =
            json!({"token": signed(current(), &google("devices@example.com")), "type": 0, "deviceToken": device});
        let answer = nobody.post("/auth/login/google/", body).await.gives(200);
        Person {
            authorization: Some(format!("Bearer {}", answer["access"].as_str().unwrap_or_default())),
            ..nobody.clone()
        }
    };
    let (ann, _, _) = (login("pushes: phone").await, login("pushes: tablet").await, login("pushes: watch").await);
    let category = ann.category("Home").await;
    ann.patch(CATEGORY, json!({"categoryId": category, "color": 2})).await.gives(200);
    let todo = ann.todo(category, "a").await;
    ann.patch(TODO, json!({"todoId": todo, "content": "b"})).await.gives(200);
    let sub = ann.sub(todo, "a").await;
    ann.patch(SUB, json!({"subtodoId": sub, "content": "b"})).await.gives(200);
    ann.delete(SUB, json!({"subtodoId": sub})).await.gives(200);
    ann.delete(TODO, json!({"todoId": todo})).await.gives(200);
    ann.delete(CATEGORY, json!({"categoryId": category})).await.gives(200);
    // What was not done, and what was only read, is not told.
    ann.patch(TODO, json!({"todoId": todo, "content": "c"})).await.gives(404);
    ann.post(CATEGORY, json!({"color": 99})).await.gives(400);
    ann.get(TODO).await.gives(200);

    let told = || {
        let mut told = BTreeMap::<(String, String), usize>::new();
        for seen in world.process().pushes.seen() {
            let message = seen.json()["message"].clone();
            let device = message["token"].as_str().unwrap_or_default().to_owned();
            if device.starts_with("pushes: ") {
                *told.entry((device, as_text(&message["notification"]))).or_default() += 1;
            }
        }
        told
    };
    let mut expected = BTreeMap::new();
    for device in ["pushes: tablet", "pushes: watch"] {
        for kind in ["Category", "SubTodo", "Todo"] {
            expected.insert((device.to_owned(), format!("{kind}: {kind}가 변경되었습니다.")), 3);
        }
    }
    let done = test_stack::wait::until(Duration::from_secs(20), || (told() == expected).then_some(())).await;
    world.check(done.is_some(), format!("{:?}", told()));
}

fn as_text(notification: &Value) -> String {
    format!(
        "{}: {}",
        notification["title"].as_str().unwrap_or_default(),
        notification["body"].as_str().unwrap_or_default()
    )
}
