//! The account and the profile.

use std::sync::Arc;

use serde_json::{Value, json};

use super::forged::but;
use super::harness::{PROFILE, Person, USER, World};

pub(super) async fn holds(world: Arc<World>) {
    user(&world).await;
    booleans(&world).await;
    deletion(&world).await;
    profile(&world).await;
    wrong_profiles(&world).await;
}

fn shown(ann: &Person) -> Value {
    json!({"id": ann.id, "email": "?", "username": ann.email, "socialProvider": "GOOGLE", "isSubscribed": "?", "isPremium": false})
}

async fn user(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let answer = ann.get(USER).await;
    // It may be empty, or filled.
    let email = answer.body["email"].clone();
    world.check(email == "" || email == ann.email.as_str(), format!("the address is {email}"));
    let before = answer.is(200, but(&shown(&ann), "email", email));
    world.check(before["isSubscribed"].is_boolean(), &before);

    ann.patch(USER, json!({})).await.is(200, before.clone());
    let others = json!({"username": "someone", "email": "x@example.com", "id": 1, "socialProvider": "APPLE", "is_staff": true, "nonsense": [1]});
    ann.patch(USER, others).await.is(200, before.clone());
    for truth in [true, false, true] {
        let after = but(&before, "isSubscribed", json!(truth));
        ann.patch(USER, json!({"isSubscribed": truth})).await.is(200, after.clone());
        ann.get(USER).await.is(200, after.clone());
        ann.patch(USER, json!({"is_subscribed": !truth})).await.is(200, but(&before, "isSubscribed", json!(!truth)));
        ann.patch(USER, json!({"isSubscribed": truth})).await.is(200, after);
    }
    // Users cannot make themselves premium.
    for premium in [json!(true), json!("true"), json!(1), json!(false)] {
        let after = but(&before, "isSubscribed", json!(true));
        ann.patch(USER, json!({"isPremium": premium})).await.is(200, after.clone());
        ann.patch(USER, json!({"is_premium": premium, "isSubscribed": true})).await.is(200, after.clone());
        ann.get(USER).await.is(200, after);
    }
}

async fn booleans(world: &Arc<World>) {
    let ann = world.newcomer().await;
    for (truth, words) in [
        (true, [json!(true), json!("true"), json!(1), json!("1"), json!("yes"), json!("on")]),
        (false, [json!(false), json!("false"), json!(0), json!("0"), json!("no"), json!("off")]),
    ] {
        for word in words {
            ann.patch(USER, json!({"isSubscribed": !truth})).await.has(200, json!({"isSubscribed": !truth}));
            ann.patch(USER, json!({"isSubscribed": word})).await.has(200, json!({"isSubscribed": truth}));
        }
    }
    ann.patch(USER, json!({"isSubscribed": true})).await.gives(200);
    for field in ["isSubscribed", "isPremium"] {
        for word in
            [json!("maybe"), json!(2), json!(-1), json!([]), json!([true]), json!({}), json!({"a": true}), json!(0.5)]
        {
            ann.patch(USER, json!({field: word})).await.refuses(field, "Must be a valid boolean.");
        }
        ann.patch(USER, json!({field: null})).await.is(400, json!({field: ["…"]}));
    }
    ann.get(USER).await.has(200, json!({"isSubscribed": true, "isPremium": false}));
    for body in [json!([]), json!("text"), json!(5), json!(null), json!(true)] {
        ann.patch(USER, body).await.gives(400);
    }
}

async fn deletion(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    ann.delete(USER, json!({"userId": ben.id, "id": ben.id})).await.is(200, json!({"message": "User deleted"}));
    ann.get(USER).await.has(401, json!({"code": "user_not_found"}));
    ann.delete(USER, json!({})).await.has(401, json!({"code": "user_not_found"}));
    ben.get(USER).await.has(200, json!({"id": ben.id}));
    // A body is not needed.
    ben.ask(reqwest::Method::DELETE, USER, &[], None).await.is(200, json!({"message": "User deleted"}));
}

fn right() -> Value {
    json!({"username": "앤", "ageGroup": "20", "job": "개발자 👩‍💻", "sleepTime": "23:30", "delayReason": [1, 3]})
}

async fn profile(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    let none = json!({"error": "Profile not found"});
    ann.get(PROFILE).await.is(404, none.clone());
    ann.patch(PROFILE, json!({"job": "cook"})).await.is(404, none.clone());
    // Whose it is cannot be said, profile or not.
    ann.patch(PROFILE, json!({"userId": ann.id, "ageGroup": "33"}))
        .await
        .is(400, json!({"error": "user_id cannot be updated"}));

    let made = json!({"userId": ann.id, "username": "앤", "ageGroup": "20", "job": "개발자 👩‍💻", "sleepTime": "23:30:00", "delayReason": [1, 3]});
    ann.post(PROFILE, but(&right(), "userId", json!(ben.id))).await.is(201, made.clone());
    ann.get(PROFILE).await.is(200, made.clone());
    ben.get(PROFILE).await.is(404, none);
    for body in [right(), but(&right(), "job", json!("cook")), json!({})] {
        ann.post(PROFILE, body).await.is(400, json!({"error": "Profile already exists"}));
    }
    ann.get(PROFILE).await.is(200, made.clone());

    let mut now = made;
    ann.patch(PROFILE, json!({})).await.is(200, now.clone());
    for (field, value, stored) in [
        ("username", json!(null), json!(null)),
        ("username", json!("Ann"), json!("Ann")),
        ("ageGroup", json!("50"), json!("50")),
        ("age_group", json!(10), json!("10")),
        ("job", json!("  cook "), json!("cook")),
        ("sleep_time", json!("01:02:03.5"), json!("01:02:03.500000")),
        ("sleepTime", json!("00:00"), json!("00:00:00")),
        ("delayReason", json!([6]), json!([6])),
        ("delay_reason", json!(["2", 4]), json!([2, 4])),
        ("delayReason", json!([1, 2, 3, 4, 5, 6]), json!([1, 2, 3, 4, 5, 6])),
        ("nonsense", json!(1), json!("?")),
    ] {
        let shown = match field {
            "age_group" => "ageGroup",
            "sleep_time" => "sleepTime",
            "delay_reason" => "delayReason",
            same => same,
        };
        now = but(&now, shown, stored);
        ann.patch(PROFILE, json!({field: value})).await.is(200, now.clone());
        ann.get(PROFILE).await.is(200, now.clone());
    }
    for user in ["userId", "user_id"] {
        for id in [json!(ben.id), json!(ann.id), json!(null)] {
            ann.patch(PROFILE, json!({user: id, "job": []}))
                .await
                .is(400, json!({"error": "user_id cannot be updated"}));
        }
    }
    ann.get(PROFILE).await.is(200, now);
    // Each reason is there from the first day on.
    let least = json!({"ageGroup": 30, "job": 5, "sleepTime": "09:05", "delayReason": [6]});
    let shown = json!({"userId": ben.id, "username": null, "ageGroup": "30", "job": "5", "sleepTime": "09:05:00", "delayReason": [6]});
    ben.post(PROFILE, least).await.is(201, shown);
}

async fn wrong_profiles(world: &Arc<World>) {
    const TIME: &str = "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].";
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    ben.post(PROFILE, right()).await.gives(201);
    let long = "가".repeat(256);
    for (field, value, sentence) in [
        ("username", json!(long), "Ensure this field has no more than 255 characters."),
        ("username", json!(""), "This field may not be blank."),
        ("username", json!([]), "Not a valid string."),
        ("username", json!(true), "Not a valid string."),
        ("ageGroup", json!(null), "This field may not be null."),
        ("ageGroup", json!("33"), "\"33\" is not a valid choice."),
        ("ageGroup", json!(60), "\"60\" is not a valid choice."),
        ("ageGroup", json!(""), "\"\" is not a valid choice."),
        ("job", json!(null), "This field may not be null."),
        ("job", json!("  "), "This field may not be blank."),
        ("job", json!(long), "Ensure this field has no more than 255 characters."),
        ("job", json!({}), "Not a valid string."),
        ("job", json!(false), "Not a valid string."),
        ("sleepTime", json!(null), "This field may not be null."),
        ("sleepTime", json!("25:00"), TIME),
        ("sleepTime", json!("12:60"), TIME),
        ("sleepTime", json!("noon"), TIME),
        ("sleepTime", json!(""), TIME),
        ("sleepTime", json!(12), TIME),
        ("sleepTime", json!([]), TIME),
        ("delayReason", json!(null), "This field may not be null."),
        ("delayReason", json!([]), "This list may not be empty."),
        ("delayReason", json!("1"), "Expected a list of items but got type \"str\"."),
        ("delayReason", json!(1), "Expected a list of items but got type \"int\"."),
        ("delayReason", json!({"1": 1}), "Expected a list of items but got type \"dict\"."),
        ("delayReason", json!([7]), "Invalid pk \"7\" - object does not exist."),
        ("delayReason", json!([1, 0]), "Invalid pk \"0\" - object does not exist."),
        ("delayReason", json!(["999"]), "Invalid pk \"999\" - object does not exist."),
        ("delayReason", json!(["a"]), "Incorrect type. Expected pk value, received str."),
        ("delayReason", json!([true]), "Incorrect type. Expected pk value, received bool."),
        ("delayReason", json!([[1]]), "Incorrect type. Expected pk value, received list."),
        ("delayReason", json!([{}]), "Incorrect type. Expected pk value, received dict."),
    ] {
        ann.post(PROFILE, but(&right(), field, value.clone())).await.refuses(field, sentence);
        ben.patch(PROFILE, json!({field: value})).await.refuses(field, sentence);
    }
    for value in [json!(["20"]), json!({}), json!(true)] {
        ann.post(PROFILE, but(&right(), "ageGroup", value))
            .await
            .is(400, json!({"ageGroup": ["… is not a valid choice."]}));
    }
    let required = || json!(["This field is required."]);
    let all = json!({"ageGroup": required(), "job": required(), "sleepTime": required(), "delayReason": required()});
    ann.post(PROFILE, json!({})).await.is(400, all);
    for body in [json!([]), json!("text"), json!(5), json!(null), json!(true)] {
        ann.post(PROFILE, body.clone()).await.gives(400);
        ben.patch(PROFILE, body).await.gives(400);
    }
    ann.get(PROFILE).await.gives(404);
}
