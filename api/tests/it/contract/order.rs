//! The order of rows: the ranks of new ones, of dragged ones, and where there is no room left.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use super::harness::{CATEGORY, Person, SUB, TODO, World, each, ids, row};

pub(super) async fn holds(world: Arc<World>) {
    new_rows(&world).await;
    moves(&world).await;
    ways_to_say_it(&world).await;
    wrong_places(&world).await;
    steps(&world).await;
    many_at_once(&world).await;
    no_room_left(&world).await;
}

async fn ranks(ann: &Person) -> Vec<Value> {
    each(&ann.todos().await, "rank").into_iter().cloned().collect()
}

async fn new_rows(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let (home, work) = (ann.category("Home").await, ann.category("Work").await);
    let expected = ["0|hzzzzz:", "0|i00007:", "0|i0000f:", "0|i0000n:", "0|i0000v:", "0|i00013:"];
    let mut made = Vec::new();
    // One list over all categories and days.
    for (number, rank) in expected.into_iter().enumerate() {
        let category = if number % 2 == 0 { home } else { work };
        let body = json!({"content": "a", "categoryId": category, "date": (number > 2).then_some("2024-11-05")});
        made.push(ann.post(TODO, body).await.has(201, json!({"rank": rank}))["id"].clone());
    }
    // What is deleted leaves its place; what is not the last does not matter.
    ann.delete(TODO, json!({"todoId": made[5]})).await.gives(200);
    ann.delete(TODO, json!({"todoId": made[0]})).await.gives(200);
    ann.post(TODO, json!({"content": "a", "categoryId": home})).await.has(201, json!({"rank": "0|i00013:"}));
    // Behind the highest, which need not be the newest.
    ann.patch(TODO, json!({"todoId": made[1], "patchRank": {"prevId": made[2], "nextId": null}}))
        .await
        .has(200, json!({"rank": "0|i0000n:"}));
    ann.post(TODO, json!({"content": "a", "categoryId": work})).await.has(201, json!({"rank": "0|i0001b:"}));
    // Categories count on their own.
    for rank in ["0|i0000f:", "0|i0000n:"] {
        ann.post(CATEGORY, json!({"color": 1})).await.has(201, json!({"rank": rank}));
    }
    let ben = world.newcomer().await;
    ben.post(CATEGORY, json!({"color": 1})).await.has(201, json!({"rank": "0|hzzzzz:"}));
}

/// Four todos, as they stand.
async fn four(ann: &Person) -> [i64; 4] {
    let category = ann.category("Home").await;
    [
        ann.todo(category, "a").await,
        ann.todo(category, "b").await,
        ann.todo(category, "c").await,
        ann.todo(category, "d").await,
    ]
}

async fn moves(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let [a, b, c, d] = four(&ann).await;
    for (moved, prev, next, rank, order) in [
        // Before the first: eight below it, again and again.
        (d, json!(null), json!(a), "0|hzzzzr:", [d, a, b, c]),
        (c, json!(null), json!(d), "0|hzzzzj:", [c, d, a, b]),
        // Behind the last: eight above it.
        (c, json!(b), json!(null), "0|i0000f:", [d, a, b, c]),
        (d, json!(c), json!(null), "0|i0000n:", [a, b, c, d]),
        // Between two: the middle, and when there is no whole number left, a digit more.
        (d, json!(a), json!(b), "0|i00003:", [a, d, b, c]),
        (c, json!(a), json!(d), "0|i00001:", [a, c, d, b]),
        (b, json!(a), json!(c), "0|i00000:", [a, b, c, d]),
        (d, json!(a), json!(b), "0|hzzzzz:i", [a, d, b, c]),
        (c, json!(a), json!(d), "0|hzzzzz:9", [a, c, d, b]),
        // Behind a broken number: the next whole one, and eight.
        (a, json!(d), json!(null), "0|i00008:", [c, d, b, a]),
        (a, json!(null), json!(c), "0|hzzzzr:", [a, c, d, b]),
        // Nothing said: it stays.
        (a, json!(null), json!(null), "0|hzzzzr:", [a, c, d, b]),
        // Between a broken number and a whole one.
        (a, json!(c), json!(b), "0|hzzzzz:m", [c, d, a, b]),
    ] {
        let answer = ann.patch(TODO, json!({"todoId": moved, "patchRank": {"prevId": prev, "nextId": next}})).await;
        answer.has(200, json!({"id": moved, "rank": rank}));
        let rows = ann.todos().await;
        world.check(ids(&rows) == order, format!("{order:?} {rows}"));
    }
}

async fn ways_to_say_it(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let [a, b, c, d] = four(&ann).await;
    for (place, rank) in [
        (json!({"patchRank": {"prevId": a, "nextId": b}}), "0|i00003:"),
        (json!({"patch_rank": {"prev_id": a.to_string(), "next_id": b.to_string()}}), "0|i00003:"),
        (json!({"patchRank": {"prev_id": b, "nextId": c}}), "0|i0000b:"),
        // The order of the two does not matter.
        (json!({"patchRank": {"prevId": b, "nextId": a}}), "0|i00003:"),
        (json!({"patchRank": {"nextId": a}}), "0|hzzzzr:"),
        (json!({"patchRank": {"prevId": b}}), "0|i0000f:"),
        (json!({"patchRank": {"prevId": null, "nextId": a.to_string()}}), "0|hzzzzr:"),
        (json!({"patchRank": {}}), "0|hzzzzr:"),
        (json!({"patchRank": {"prevId": null}}), "0|hzzzzr:"),
        // As the unchanged client drags.
        (json!({"rank": {"prevId": a, "nextId": b}}), "0|i00003:"),
        (json!({"rank": {"prev_id": null, "next_id": a}}), "0|hzzzzr:"),
        (json!({"rank": {"prevId": c, "nextId": null}, "content": "d"}), "0|i0000n:"),
        (json!({"rank": {"prevId": null, "nextId": null}}), "0|i0000n:"),
    ] {
        let body = place
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .chain([("todoId".to_owned(), json!(d))])
            .collect();
        ann.patch(TODO, Value::Object(body)).await.has(200, json!({"id": d, "rank": rank}));
        // b and c and a stay where they are.
        let rows = ann.todos().await;
        world.check(
            row(&rows, b)["rank"] == "0|i00007:"
                && row(&rows, c)["rank"] == "0|i0000f:"
                && row(&rows, a)["rank"] == "0|hzzzzz:",
            &rows,
        );
        world.check(row(&rows, d)["rank"] == rank, &rows);
    }
}

async fn wrong_places(world: &Arc<World>) {
    let (ann, ben) = (world.newcomer().await, world.newcomer().await);
    let [a, b, gone, d] = four(&ann).await;
    let [his, ..] = four(&ben).await;
    ann.delete(TODO, json!({"todoId": gone})).await.gives(200);
    let (step, other_step) = (ann.sub(a, "step").await, ann.sub(a, "other").await);
    let his_step = ben.sub(his, "his").await;
    let before = ann.todos().await;
    for wrong in [
        json!(gone),
        json!(his),
        json!(999_999_999),
        json!(0),
        json!(-1),
        json!("abc"),
        json!(true),
        json!([a]),
        json!({}),
        json!(1.5),
    ] {
        for place in [
            json!({"prevId": wrong}),
            json!({"nextId": wrong}),
            json!({"prevId": a, "nextId": wrong}),
            json!({"prevId": wrong, "nextId": a}),
        ] {
            ann.patch(TODO, json!({"todoId": d, "patchRank": place})).await.gives(400);
            ann.patch(TODO, json!({"todoId": d, "rank": place, "content": "not this either"})).await.gives(400);
        }
    }
    ann.patch(TODO, json!({"todoId": d, "patchRank": {"prevId": a, "nextId": a}})).await.gives(400);
    ann.patch(TODO, json!({"todoId": d, "patchRank": {"prevId": a, "nextId": a.to_string()}})).await.gives(400);
    for wrong in [json!("0|i00003:"), json!(5), json!([a, b]), json!(true)] {
        ann.patch(TODO, json!({"todoId": d, "patchRank": wrong})).await.gives(400);
    }
    for wrong in [json!(his_step), json!(999_999_999), json!("abc")] {
        ann.patch(SUB, json!({"subtodoId": step, "patchRank": {"prevId": wrong}})).await.gives(400);
        ann.patch(SUB, json!({"subtodoId": step, "patchRank": {"prevId": other_step, "nextId": wrong}}))
            .await
            .gives(400);
    }
    ann.patch(SUB, json!({"subtodoId": step, "patchRank": {"prevId": other_step, "nextId": other_step}}))
        .await
        .gives(400);
    ann.get(TODO).await.is(200, before);
    // Beside itself: no answer of the contract, but never a fault of the server.
    for place in [
        json!({"prevId": d}),
        json!({"nextId": d}),
        json!({"prevId": a, "nextId": d}),
        json!({"prevId": d, "nextId": a}),
    ] {
        ann.patch(TODO, json!({"todoId": d, "patchRank": place})).await.gives_one_of(&[200, 400]);
    }
}

async fn steps(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let (todo, other) = (ann.todo(category, "a").await, ann.todo(category, "b").await);
    let (a, b, c) = (ann.sub(todo, "a").await, ann.sub(other, "b").await, ann.sub(todo, "c").await);
    for (moved, place, rank) in [
        (c, json!({"nextId": a}), "0|hzzzzr:"),
        (a, json!({"prevId": b}), "0|i0000f:"),
        (c, json!({"prevId": b, "nextId": a}), "0|i0000b:"),
        (b, json!({"prevId": null, "nextId": null}), "0|i00007:"),
    ] {
        ann.patch(SUB, json!({"subtodoId": moved, "patchRank": place}))
            .await
            .has(200, json!({"id": moved, "rank": rank}));
    }
    ann.patch(SUB, json!({"subtodoId": b, "rank": {"prev_id": a.to_string()}}))
        .await
        .has(200, json!({"rank": "0|i0000n:"}));
    world.check(ids(&ann.subs(todo).await) == [c, a], "by rank");
    // Behind the highest, which is not the newest.
    let body = json!([{"content": "d", "todoId": todo}, {"content": "e", "todoId": other}]);
    ann.post(SUB, body).await.has(201, json!([{"rank": "0|i0000v:"}, {"rank": "0|i00013:"}]));
}

/// 24 rows made at the same time have 24 places.
async fn many_at_once(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let category = ann.category("Home").await;
    let todo = ann.todo(category, "a").await;
    for (path, body, before) in [
        (TODO, json!({"content": "b", "categoryId": category}), 1),
        (CATEGORY, json!({"color": 1}), 1),
        (SUB, json!([{"content": "b", "todoId": todo}]), 0),
    ] {
        let answers = join_all((0..24).map(|_| ann.post(path, body.clone()))).await;
        let mut told = BTreeSet::new();
        for answer in answers {
            let made = answer.gives(201);
            told.insert(if made.is_array() { made[0]["rank"].to_string() } else { made["rank"].to_string() });
        }
        world.check(told.len() == 24, format!("{path}: {told:?}"));
        let rows = if path == SUB { ann.subs(todo).await } else { ann.get(path).await.gives(200) };
        let kept: BTreeSet<String> = each(&rows, "rank").into_iter().map(Value::to_string).collect();
        world.check(kept.len() == 24 + before, format!("{path}: {kept:?}"));
    }
}

/// Always between the first and the second: the room is halved each time, until there is none, and still each has its
/// place.
async fn no_room_left(world: &Arc<World>) {
    let ann = world.newcomer().await;
    let [a, b, c, d] = four(&ann).await;
    let (mut near, mut far) = (c, b);
    let mut longest = 0;
    let mut moves = 0;
    // A digit holds five halvings: 255 characters are used up after some 1,250 moves.
    while moves < 1_400 {
        let rank = ann.patch(TODO, json!({"todoId": near, "patchRank": {"prevId": a, "nextId": far}})).await.gives(200)
            ["rank"]
            .clone();
        let length = rank.as_str().map_or(0, str::len);
        world.check((9..=255).contains(&length), format!("{rank}"));
        (near, far) = (far, near);
        moves += 1;
        if length < longest {
            break;
        }
        longest = length;
    }
    world.check(longest > 200 && moves < 1_400, format!("no rank was ever made anew: {longest} after {moves}"));
    let rows = ann.todos().await;
    world.check(ids(&rows) == [a, far, near, d], format!("{a} {far} {near} {d}: {rows}"));
    let distinct: BTreeSet<String> = ranks(&ann).await.iter().map(Value::to_string).collect();
    world.check(distinct.len() == 4, format!("{distinct:?}"));
    // And life goes on.
    ann.patch(TODO, json!({"todoId": d, "patchRank": {"prevId": a, "nextId": far}})).await.gives(200);
    world.check(ids(&ann.todos().await) == [a, d, far, near], "d was dragged behind a");
}
