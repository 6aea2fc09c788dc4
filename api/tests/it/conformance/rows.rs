//! Categories, todos, steps and feedback.

use onestep_api::store::StoreError;
use onestep_core::model::{Category, Feedback, Id, SubTodo, Todo, User};
use onestep_core::user_rows::{Change, Scope, UniqueName, UserRows};

use super::Maker;
use super::samples::{
    archive, at, category, create, day, device, feedback, ids, person, profile, read, sub, time, todo, try_write, write,
};

pub(super) async fn only_what_is_wanted_is_read(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let given = ids(&**store, user.id, 3).await;
    let rows = [
        Change::Category(category(given[0], "a")),
        Change::Todo(todo(given[1], "b")),
        Change::Sub(sub(given[2], given[1], "c")),
    ];
    write(&**store, user.id, &rows).await;
    for (scope, categories, todos) in
        [(Scope::Account, 0, 0), (Scope::Categories, 1, 0), (Scope::Todos, 0, 1), (Scope::Everything, 1, 1)]
    {
        let found = store.read(user.id, scope).await.unwrap().unwrap();
        assert_eq!(found.user, user);
        assert_eq!(
            (found.categories.len(), found.todos.len(), found.subs.len()),
            (categories, todos, todos),
            "{scope:?}"
        );
        let mut seen = None;
        let decide = &mut |user_rows: &UserRows, _: &[Id]| {
            seen = Some(user_rows.clone());
            Vec::new()
        };
        assert!(store.update(user.id, scope, 0, decide).await.unwrap());
        assert_eq!(seen, Some(found), "{scope:?}");
    }
}

pub(super) async fn rows_stand_by_rank_then_by_id(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let ranks = ["0|i00007:", "0|hzzzzz:", "0|i00007:", "0|zzzzzz:", "0|hzzzzz:i", "0|000000:", "0|i0000f:"];
    let in_order = [5, 1, 4, 0, 2, 6, 3];
    let given = ids(&**store, user.id, 21).await;
    let mut changes = Vec::new();
    for (i, rank) in ranks.iter().enumerate() {
        changes.push(Change::Category(category(given[i], rank)));
        changes.push(Change::Todo(todo(given[7 + i], rank)));
        changes.push(Change::Sub(sub(given[14 + i], given[7], rank)));
    }
    write(&**store, user.id, &changes).await;
    let found = read(&**store, user.id).await;
    // Ids may be given in any order; of two equal ranks the lower id is first.
    let expected = |kind: usize| {
        let mut rows: Vec<(&str, Id)> = in_order.iter().map(|&i| (ranks[i], given[7 * kind + i])).collect();
        rows[3..5].sort_unstable();
        rows
    };
    assert_eq!(found.categories.iter().map(|row| (row.rank.as_str(), row.id)).collect::<Vec<_>>(), expected(0));
    assert_eq!(found.todos.iter().map(|row| (row.rank.as_str(), row.id)).collect::<Vec<_>>(), expected(1));
    assert_eq!(found.subs.iter().map(|row| (row.rank.as_str(), row.id)).collect::<Vec<_>>(), expected(2));
}

pub(super) async fn a_deleted_row_is_only_in_the_archive(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let given = ids(&**store, user.id, 6).await;
    let [c1, c2, t1, t2, s1, s2] = given[..] else { panic!("{given:?}") };
    let category_rows = [category(c1, "a"), category(c2, "b")];
    let todo_rows = [todo(t1, "a"), todo(t2, "b")];
    let sub_rows = [sub(s1, t1, "a"), sub(s2, t2, "b")];
    let mut changes: Vec<_> = category_rows.iter().cloned().map(Change::Category).collect();
    changes.extend(todo_rows.iter().cloned().map(Change::Todo));
    changes.extend(sub_rows.iter().cloned().map(Change::Sub));
    write(&**store, user.id, &changes).await;

    let gone_category = Category { deleted_at: Some(at(40)), updated_at: at(40), ..category_rows[0].clone() };
    let gone_todo = Todo { deleted_at: Some(at(41)), content: "옮겨짐".to_owned(), ..todo_rows[0].clone() };
    let gone_sub = SubTodo { deleted_at: Some(at(41)), ..sub_rows[0].clone() };
    write(
        &**store,
        user.id,
        &[Change::Category(gone_category.clone()), Change::Todo(gone_todo.clone()), Change::Sub(gone_sub.clone())],
    )
    .await;

    let live = read(&**store, user.id).await;
    assert_eq!(
        (live.categories, live.todos, live.subs),
        (vec![category_rows[1].clone()], vec![todo_rows[1].clone()], vec![sub_rows[1].clone()])
    );
    let mut all = archive(&**store, user.id).await;
    all.categories.sort_by_key(|row| row.id != c1);
    all.todos.sort_by_key(|row| row.id != t1);
    all.subs.sort_by_key(|row| row.id != s1);
    assert_eq!(all.categories, [gone_category, category_rows[1].clone()]);
    assert_eq!(all.todos, [gone_todo, todo_rows[1].clone()]);
    assert_eq!(all.subs, [gone_sub, sub_rows[1].clone()]);
}

pub(super) async fn text_and_time_survive(make: Maker) {
    let store = &make().await[0];
    let user = store.create(User { profile: Some(profile()), ..person("a@example.com") }).await.unwrap();
    let texts = [
        "방 청소하기",
        "👩‍👩‍👧‍👦 e\u{301} ﷽",
        "tab\there\nand there",
        "\"quotes\" 'and' \\ {} [] null",
        "<b>&amp;</b> %20 +",
        " \u{200b}",
    ];
    let long = "🏃🏽".repeat(127);
    let texts: Vec<&str> = texts.into_iter().chain([long.as_str()]).collect();
    let given = ids(&**store, user.id, texts.len() as u32 * 3).await;
    let mut changes = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let text = (*text).to_owned();
        let stamp = [at(0), at(1), at(999_999), at(123_456)][i % 4];
        let date = [None, Some(day("2028-02-29")), Some(day("0001-01-01")), Some(day("9999-12-31"))][i % 4];
        let due_time =
            [Some(time("00:00:00")), None, Some(time("23:59:59.999999")), Some(time("07:05:00.000001"))][i % 4];
        changes.push(Change::Category(Category {
            title: Some(text.clone()),
            color: 0,
            created_at: stamp,
            updated_at: stamp,
            ..category(given[i * 3], &format!("{i}"))
        }));
        changes.push(Change::Todo(Todo {
            content: text.clone(),
            date,
            due_time,
            created_at: stamp,
            is_completed: true,
            ..todo(given[i * 3 + 1], &format!("{i}"))
        }));
        changes.push(Change::Sub(SubTodo {
            content: text,
            date,
            due_time,
            updated_at: stamp,
            ..sub(given[i * 3 + 2], given[1], &format!("{i}"))
        }));
    }
    write(&**store, user.id, &changes).await;
    let found = read(&**store, user.id).await;
    let mut back = Vec::new();
    for ((category, todo), sub) in found.categories.into_iter().zip(found.todos).zip(found.subs) {
        back.extend([Change::Category(category), Change::Todo(todo), Change::Sub(sub)]);
    }
    assert_eq!(back, changes);
    assert_eq!(found.user, user);
}

pub(super) async fn the_last_change_of_a_row_counts(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let given = ids(&**store, user.id, 2).await;
    let gone = Todo { deleted_at: Some(at(50)), ..todo(given[1], "b") };
    let changes = [
        Change::Todo(todo(given[0], "a")),
        Change::Todo(todo(given[1], "b")),
        Change::User(User { is_premium: true, ..user.clone() }),
        Change::Todo(todo(given[0], "c")),
        Change::Todo(gone.clone()),
        Change::User(User { is_premium: true, is_subscribed: false, ..user.clone() }),
    ];
    write(&**store, user.id, &changes).await;
    let found = read(&**store, user.id).await;
    assert_eq!(found.todos, [todo(given[0], "c")]);
    assert_eq!(found.user, User { is_premium: true, is_subscribed: false, ..user.clone() });
    let mut all = archive(&**store, user.id).await.todos;
    all.sort_by_key(|row| row.id != given[1]);
    assert_eq!(all, [gone, todo(given[0], "c")]);
}

pub(super) async fn nothing_decided_is_nothing_written(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let before = archive(&**store, user.id).await;
    let mut asked = 0;
    let decide = &mut |_: &UserRows, ids: &[Id]| {
        asked += 1;
        assert_eq!(ids.len(), 3);
        Vec::new()
    };
    assert!(store.update(user.id, Scope::Everything, 3, decide).await.unwrap());
    assert!(asked >= 1);
    assert_eq!(archive(&**store, user.id).await, before);
}

pub(super) async fn an_update_of_a_missing_user_does_not_call_the_decision(make: Maker) {
    let store = &make().await[0];
    let mut asked = false;
    let decide = &mut |_: &UserRows, _: &[Id]| {
        asked = true;
        Vec::new()
    };
    assert!(!store.update(7, Scope::Everything, 1, decide).await.unwrap());
    assert!(!asked);
}

pub(super) async fn ids_are_given_once(make: Maker) {
    let place = make().await;
    let mut all = Vec::new();
    for i in 0..4 {
        let store = &*place[i % place.len()];
        let user = create(store, &format!("{i}@example.com")).await.id;
        all.push(user);
        all.extend(ids(store, user, 3).await);
        all.extend(ids(store, user, 1).await);
    }
    assert!(all.iter().all(|id| (1..1 << 53).contains(id)), "{all:?}");
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((count, all.len()), (20, 20));
}

pub(super) async fn users_do_not_see_each_other(make: Maker) {
    let store = &make().await[0];
    let mut expected = Vec::new();
    // More than nine users, so that number 1 and number 10 are both there.
    for i in 0..12 {
        let user = create(&**store, &format!("{i}@example.com")).await.id;
        let given = ids(&**store, user, 2).await;
        let rows = [
            Change::Category(category(given[0], "a")),
            Change::Todo(todo(given[1], "a")),
            Change::Feedback(feedback(given[1], "b")),
        ];
        write(&**store, user, &rows).await;
        expected.push((user, category(given[0], "a"), todo(given[1], "a")));
    }
    for (user, category, todo) in expected {
        let found = read(&**store, user).await;
        assert_eq!((found.categories, found.todos), (vec![category], vec![todo]));
        assert_eq!(archive(&**store, user).await.feedback.len(), 1);
    }
}

pub(super) async fn three_hundred_rows_or_none(make: Maker) {
    let store = &make().await[0];
    store.create(User { devices: vec![device("another's", 1)], ..person("a@example.com") }).await.unwrap();
    let user = create(&**store, "b@example.com").await;
    let given = ids(&**store, user.id, 300).await;
    let content = "할".repeat(255);
    let mut changes: Vec<_> = given
        .iter()
        .map(|&id| Change::Todo(Todo { content: content.clone(), ..todo(id, &format!("{id:09}")) }))
        .collect();
    changes.push(Change::AddDevice(device("another's", 2)));
    assert!(matches!(try_write(&**store, user.id, &changes).await, Err(StoreError::Taken(UniqueName::Device(_)))));
    assert_eq!(read(&**store, user.id).await, UserRows::of(user.clone()));

    changes.pop();
    changes.push(Change::AddDevice(device("own", 3)));
    write(&**store, user.id, &changes).await;
    let found = read(&**store, user.id).await;
    assert_eq!(found.user.devices, [device("own", 3)]);
    assert_eq!(found.todos.iter().map(|row| row.id).collect::<Vec<_>>(), {
        let mut sorted = given.clone();
        sorted.sort_unstable();
        sorted
    });
    assert!(found.todos.iter().all(|row| row.content == content));

    // And all of them gone again.
    let gone: Vec<_> =
        found.todos.iter().map(|row| Change::Todo(Todo { deleted_at: Some(at(60)), ..row.clone() })).collect();
    write(&**store, user.id, &gone).await;
    assert_eq!(read(&**store, user.id).await.todos, []);
    assert_eq!(archive(&**store, user.id).await.todos.len(), 300);
}

pub(super) async fn feedback_is_kept(make: Maker) {
    let store = &make().await[0];
    let user = create(&**store, "a@example.com").await;
    let mut given = ids(&**store, user.id, 2).await;
    given.sort_unstable();
    let long = Feedback {
        description: "길다 🙂 ".repeat(2_000),
        category: "feature".to_owned(),
        ..feedback(given[1], "둘째")
    };
    write(&**store, user.id, &[Change::Feedback(long.clone())]).await;
    write(&**store, user.id, &[Change::Feedback(feedback(given[0], "첫째"))]).await;
    assert_eq!(archive(&**store, user.id).await.feedback, [feedback(given[0], "첫째"), long]);
    assert_eq!(read(&**store, user.id).await, UserRows::of(user));
}
