//! The unchanged client, from its start to dragging: what it sends, in its own mixture of spellings, and what it needs
//! to read.

use std::sync::Arc;

use serde_json::{Value, json};

use super::forged::{but, claims, signed};
use super::harness::{CATEGORY, INBOX, PROFILE, Person, REFRESH, SUB, TODO, USER, VERIFY, World};

/// The client on one phone.
struct Phone {
    person: Person,
    /// As `GET /auth/user/` told it.
    user: Value,
}

/// What is on its screens.
struct Screens {
    todos: Vec<Value>,
    categories: Vec<Value>,
    inbox: Vec<Value>,
}

impl Phone {
    /// After every mutation every active query is fetched again; for whom is said, and not looked at.
    async fn refetch(&self) -> Screens {
        let list =
            async |path: &str| match self.person.get(&format!("{path}?user_id={}", self.user["id"])).await.gives(200) {
                Value::Array(rows) => rows,
                other => panic!("{path}: {other}"),
            };
        let (todos, categories, inbox) = tokio::join!(list(TODO), list(CATEGORY), list(INBOX));
        for todo in todos.iter().chain(&inbox) {
            // It reads `children.length` without asking.
            self.person.world.check(todo["children"].is_array(), todo);
        }
        Screens { todos, categories, inbox }
    }

    fn check(&self, right: bool, what: &str) {
        self.person.world.check(right, what);
    }
}

impl Screens {
    /// The contents of a day's screen, of one category, in order.
    fn day(&self, category: &Value, date: &str) -> Vec<&str> {
        let shown = self.todos.iter().filter(|todo| todo["categoryId"] == *category && todo["date"] == date);
        shown.filter_map(|todo| todo["content"].as_str()).collect()
    }

    fn inbox(&self) -> Vec<&str> {
        self.inbox.iter().filter_map(|todo| todo["content"].as_str()).collect()
    }

    fn named(&self, content: &str) -> Value {
        self.todos.iter().find(|todo| todo["content"] == content).cloned().unwrap_or_default()
    }

    fn children(&self, content: &str) -> Vec<Value> {
        self.named(content)["children"].as_array().cloned().unwrap_or_default()
    }
}

const TODAY: &str = "2024-10-21";
const TOMORROW: &str = "2024-10-22";

pub(super) async fn holds(world: Arc<World>) {
    let phone = start(&world).await;
    let categories = categories(&phone).await;
    todos(&phone, &categories).await;
    dragging(&phone, &categories).await;
    steps(&phone, &categories).await;
    inbox(&phone, &categories).await;
    calendar(&phone, &categories).await;
    expiry(&phone).await;
    end(&phone).await;
}

async fn start(world: &Arc<World>) -> Phone {
    let person = world.newcomer().await;
    // With the tokens of the last time it asks first whether they are still good.
    world.nobody().post(VERIFY, json!({"token": person.access})).await.gives(200);
    let user = person.get(USER).await.gives(200);
    world.check(user["id"] == person.id && user["username"] == person.email.as_str(), &user);
    let phone = Phone { person, user };
    let screens = phone.refetch().await;
    phone.check(
        screens.todos.is_empty() && screens.categories.is_empty() && screens.inbox.is_empty(),
        "a new account is empty",
    );
    phone
}

/// Made with colours of the palette; edited with numbers as text.
async fn categories(phone: &Phone) -> [Value; 2] {
    let me = &phone.person;
    let mut made = Vec::new();
    for (title, color) in [("집", "#FF3D71"), ("회사", "#00BCD4"), ("버릴 것", "#4CAF50")] {
        let body = json!({"title": title, "color": color, "user_id": phone.user["id"], "order": made.len()});
        made.push(me.post(CATEGORY, body).await.has(201, json!({"title": title, "userId": me.id}))["id"].clone());
        phone.check(phone.refetch().await.categories.len() == made.len(), "the new category is on the screen");
    }
    me.patch(CATEGORY, json!({"category_id": made[0].to_string(), "title": "우리 집", "color": "#FFC233"}))
        .await
        .has(200, json!({"title": "우리 집"}));
    let gone =
        me.delete(CATEGORY, json!({"category_id": made[2].to_string()})).await.has(200, json!({"categoryId": made[2]}));
    phone.check(gone["message"].is_string(), "it reads a message");
    let screens = phone.refetch().await;
    let colors: Vec<Value> = screens.categories.iter().map(|row| row["color"].clone()).collect();
    let titles: Vec<&str> = screens.categories.iter().filter_map(|row| row["title"].as_str()).collect();
    phone.check(titles == ["우리 집", "회사"] && colors == [2, 4], &format!("{titles:?} {colors:?}"));
    [made[0].clone(), made[1].clone()]
}

async fn todos(phone: &Phone, [home, work]: &[Value; 2]) {
    let me = &phone.person;
    for (content, category) in [("장보기", home), ("보고서", work), ("빨래", home)] {
        let body = json!({"content": content, "category_id": category, "date": TODAY, "user_id": phone.user["id"], "rank": "", "isCompleted": false, "due_time": null});
        me.post(TODO, body).await.has(201, json!({"content": content, "date": TODAY}));
    }
    let screens = phone.refetch().await;
    phone.check(
        screens.day(home, TODAY) == ["장보기", "빨래"] && screens.day(work, TODAY) == ["보고서"],
        "by category and day",
    );
    let id = screens.named("장보기")["id"].to_string();
    for (body, shows) in [
        (json!({"content": "장보기 🛒"}), json!({"content": "장보기 🛒"})),
        (json!({"due_time": "18:30"}), json!({"dueTime": "18:30:00"})),
        (json!({"isCompleted": true}), json!({"isCompleted": true})),
        (json!({"is_completed": false}), json!({"isCompleted": false})),
        (json!({"categoryId": work.to_string()}), json!({"categoryId": work})),
        (json!({"category_id": home}), json!({"categoryId": home})),
        (json!({"dueTime": null}), json!({"dueTime": null})),
        (json!({"date": TOMORROW}), json!({"date": TOMORROW})),
        (json!({"date": TODAY}), json!({"date": TODAY})),
    ] {
        me.patch(TODO, but(&body, "todo_id", json!(id))).await.has(200, shows);
        phone.refetch().await;
    }
    let gone =
        me.post(TODO, json!({"content": "지울 것", "categoryId": home, "date": TODAY})).await.gives(201)["id"].clone();
    phone.check(phone.refetch().await.day(home, TODAY).len() == 3, "three of the day");
    me.delete(TODO, json!({"todoId": gone})).await.has(200, json!({"todoId": gone}));
    phone.check(phone.refetch().await.day(home, TODAY) == ["장보기 🛒", "빨래"], "and two again");
}

/// A drag tells the two neighbours in an object called `rank`.
async fn dragging(phone: &Phone, [home, _]: &[Value; 2]) {
    let me = &phone.person;
    me.post(TODO, json!({"content": "청소", "categoryId": home, "date": TODAY})).await.gives(201);
    let screens = phone.refetch().await;
    let id = |content: &str| screens.named(content)["id"].clone();
    for (moved, prev, next, order) in [
        ("청소", json!(null), id("장보기 🛒"), ["청소", "장보기 🛒", "빨래"]),
        ("청소", id("장보기 🛒"), id("빨래"), ["장보기 🛒", "청소", "빨래"]),
        ("장보기 🛒", id("빨래"), json!(null), ["청소", "빨래", "장보기 🛒"]),
        ("빨래", json!(null), id("청소"), ["빨래", "청소", "장보기 🛒"]),
        ("장보기 🛒", id("빨래"), id("청소"), ["빨래", "장보기 🛒", "청소"]),
    ] {
        me.patch(TODO, json!({"todo_id": id(moved), "rank": {"prev_id": prev, "nextId": next}}))
            .await
            .has(200, json!({"content": moved}));
        phone.check(phone.refetch().await.day(home, TODAY) == order, &format!("{order:?}"));
    }
}

async fn steps(phone: &Phone, [home, _]: &[Value; 2]) {
    let me = &phone.person;
    let todo = phone.refetch().await.named("청소")["id"].clone();
    // What the recommendation gave, posted as it is.
    let body = json!([{"content": "창문", "date": TODAY, "todoId": todo}, {"content": "바닥", "date": TODAY, "todoId": todo}, {"content": "먼지", "date": TODAY, "todo_id": todo}]);
    me.post(SUB, body).await.gives(201);
    let children = phone.refetch().await.children("청소");
    phone.check(children.len() == 3, "three steps");
    let id = |place: usize| children.get(place).map(|child| child["id"].clone()).unwrap_or_default();
    for (body, shows) in [
        (json!({"subtodo_id": id(0).to_string(), "content": "큰 창문"}), json!({"content": "큰 창문"})),
        (json!({"subtodoId": id(0), "isCompleted": true}), json!({"isCompleted": true})),
        (json!({"subtodoId": id(0), "is_completed": false}), json!({"isCompleted": false})),
        (json!({"subtodoId": id(1), "date": TOMORROW}), json!({"date": TOMORROW})),
        (json!({"subtodoId": id(1), "due_time": "08:00"}), json!({"dueTime": "08:00:00"})),
        (json!({"subtodoId": id(2), "rank": {"prevId": null, "nextId": id(0)}}), json!({"content": "먼지"})),
    ] {
        me.patch(SUB, body).await.has(200, shows);
        phone.refetch().await;
    }
    let contents = |screens: &Screens| {
        screens
            .children("청소")
            .iter()
            .map(|child| child["content"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    phone.check(contents(&phone.refetch().await) == ["먼지", "큰 창문", "바닥"], "dragged to the front");
    me.delete(SUB, json!({"subtodo_id": id(1).to_string()})).await.has(200, json!({"subtodoId": id(1)}));
    let screens = phone.refetch().await;
    phone.check(contents(&screens) == ["먼지", "큰 창문"], "one less");
    phone.check(screens.day(home, TODAY).len() == 3, "the todo itself stayed");
}

async fn inbox(phone: &Phone, [home, _]: &[Value; 2]) {
    let me = &phone.person;
    me.post(TODO, json!({"content": "언젠가", "category_id": home, "date": null, "user_id": phone.user["id"]}))
        .await
        .has(201, json!({"date": null}));
    let screens = phone.refetch().await;
    phone.check(screens.inbox() == ["언젠가"], "in the inbox");
    let todo = screens.named("언젠가")["id"].clone();
    // Here a step is no list, and its number is called `todoId`.
    let made = me.post(SUB, json!({"content": "첫 걸음", "todo_id": todo, "date": null})).await.gives(201);
    phone.check(made.as_array().is_some_and(|made| made.len() == 1), "a list of one");
    let step = phone.refetch().await.children("언젠가").first().map(|child| child["id"].clone()).unwrap_or_default();
    me.patch(SUB, json!({"todoId": step, "content": "큰 걸음"}))
        .await
        .has(200, json!({"id": step, "content": "큰 걸음", "todoId": todo}));
    me.patch(SUB, json!({"todo_id": step.to_string(), "is_completed": true}))
        .await
        .has(200, json!({"id": step, "isCompleted": true}));
    phone.check(
        phone.refetch().await.children("언젠가").iter().all(|child| child["content"] == "큰 걸음"),
        "the step was changed",
    );
    me.patch(TODO, json!({"todo_id": todo.to_string(), "content": "언젠가는", "is_completed": true})).await.gives(200);
    me.patch(TODO, json!({"todoId": todo, "date": TODAY})).await.gives(200);
    phone.check(phone.refetch().await.inbox().is_empty(), "on a day, and out of the inbox");
    me.patch(TODO, json!({"todoId": todo, "date": null})).await.gives(200);
    phone.check(phone.refetch().await.inbox() == ["언젠가는"], "and back");
    me.delete(TODO, json!({"todo_id": todo})).await.gives(200);
    phone.check(phone.refetch().await.inbox().is_empty(), "and gone");
}

async fn calendar(phone: &Phone, [home, _]: &[Value; 2]) {
    let me = &phone.person;
    let todo = phone.refetch().await.named("청소")["id"].clone();
    me.patch(TODO, json!({"todo_id": todo.to_string(), "start_date": TOMORROW, "end_date": TOMORROW}))
        .await
        .has(200, json!({"date": TOMORROW}));
    let screens = phone.refetch().await;
    phone.check(screens.day(home, TOMORROW) == ["청소"], "moved to tomorrow");
    phone.check(screens.children("청소").iter().all(|child| child["date"] == TOMORROW), "with its steps");
}

/// The header is taken before the token is refreshed: the second try has the old one, and must get the same answer.
async fn expiry(phone: &Phone) {
    let me = &phone.person;
    let nobody = me.world.nobody();
    let expired = signed(&but(&claims("access", me.id), "exp", json!(chrono::Utc::now().timestamp() - 60)));
    let stale = me.with(format!("Bearer {expired}"));
    for path in [TODO, CATEGORY, INBOX, USER] {
        stale.get(path).await.has(401, json!({"detail": "Given token not valid for any token type"}));
    }
    nobody.post(VERIFY, json!({"token": expired})).await.has(401, json!({"detail": "Token is invalid or expired"}));
    let fresh = nobody.post(REFRESH, json!({"refresh": me.refresh, "access": expired})).await.gives(200);
    stale.get(TODO).await.has(401, json!({"detail": "Given token not valid for any token type"}));
    me.with(format!("Bearer {}", fresh["access"].as_str().unwrap_or_default())).get(TODO).await.gives(200);
    // With nothing in its store it sends these.
    for header in ["Bearer null", "Bearer undefined"] {
        me.with(header).get(TODO).await.has(401, json!({"detail": "Given token not valid for any token type"}));
    }
}

async fn end(phone: &Phone) {
    let me = &phone.person;
    let body = json!({"user_id": phone.user["id"], "username": "앤", "age_group": "20", "job": "학생", "sleep_time": "23:30:00", "delay_reason": [1, 2]});
    me.post(PROFILE, body).await.has(201, json!({"userId": phone.user["id"], "ageGroup": "20"}));
    me.get(PROFILE).await.has(200, json!({"delayReason": [1, 2]}));
    me.delete(USER, json!({})).await.is(200, json!({"message": "User deleted"}));
    me.get(TODO).await.gives(401);
}
