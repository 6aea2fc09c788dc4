//! Leaving a place with everything, and arriving at another.

use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Id, Todo, User};
use onestep_core::user_rows::{Archive, Change, Scope, UniqueName};

use super::Maker;
use super::samples::{
    archive, at, category, create, day, device, feedback, ids, person, profile, read, sub, time, todo, write,
};

/// A user who has some of everything, deleted rows too.
async fn lived_in(store: &dyn Store) -> Id {
    let account = User {
        apple_sub: Some("001.a".to_owned()),
        devices: vec![device("one", 1), device("two", 2)],
        profile: Some(profile()),
        ..person("a@example.com")
    };
    let user = store.create(account).await.unwrap().id;
    let mut given = ids(store, user, 9).await;
    given.sort_unstable();
    let gone = at(70);
    write(
        store,
        user,
        &[
            Change::Category(category(given[0], "b")),
            Change::Category(category(given[1], "a")),
            Change::Todo(Todo {
                date: Some(day("2026-11-22")),
                due_time: Some(time("08:00:00")),
                ..todo(given[2], "b")
            }),
            Change::Todo(todo(given[3], "a")),
            Change::Sub(sub(given[4], given[2], "a")),
            Change::Sub(sub(given[5], given[3], "b")),
            Change::Feedback(feedback(given[6], "첫째")),
        ],
    )
    .await;
    let mut deleted = category(given[0], "b");
    deleted.deleted_at = Some(gone);
    let mut deleted_sub = sub(given[5], given[3], "b");
    deleted_sub.deleted_at = Some(gone);
    write(
        store,
        user,
        &[
            Change::Category(deleted),
            Change::Todo(Todo { deleted_at: Some(gone), ..todo(given[3], "a") }),
            Change::Sub(deleted_sub),
            Change::Todo(Todo { deleted_at: Some(gone), ..todo(given[8], "c") }),
            Change::Feedback(feedback(given[7], "둘째")),
        ],
    )
    .await;
    user
}

fn counts(all: &Archive) -> [usize; 4] {
    [all.categories.len(), all.todos.len(), all.subs.len(), all.feedback.len()]
}

pub(super) async fn an_archive_moves_to_another_place(make: Maker) {
    let (old, new) = (&make().await[0], &make().await[0]);
    let user = lived_in(&**old).await;
    let all = archive(&**old, user).await;
    assert_eq!(counts(&all), [2, 3, 2, 2]);
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(all, sorted);

    new.restore(&all).await.unwrap();
    assert_eq!(archive(&**new, user).await, all);
    assert_eq!(read(&**new, user).await, read(&**old, user).await);
    assert_eq!(new.users(None, 10).await.unwrap(), [user]);
    let keys = [
        UniqueName::Username("a@example.com".to_owned()),
        UniqueName::AppleSub("001.a".to_owned()),
        UniqueName::Device("one".to_owned()),
        UniqueName::Device("two".to_owned()),
    ];
    for key in keys {
        assert_eq!(new.find(&key).await.unwrap(), Some(user), "{key:?}");
    }
    // Nothing new gets a number that is taken.
    let next = create(&**new, "b@example.com").await.id;
    assert!(next > all.highest_id());
    for id in ids(&**new, user, 20).await {
        assert!(id > all.highest_id() && id != next);
    }
}

pub(super) async fn restoring_again_changes_nothing(make: Maker) {
    let store = &make().await[0];
    let user = lived_in(&**store).await;
    let all = archive(&**store, user).await;
    let before = create(&**store, "b@example.com").await.id;
    for _ in 0..2 {
        store.restore(&all).await.unwrap();
        assert_eq!(archive(&**store, user).await, all);
    }
    let mut known = vec![user, before];
    known.sort_unstable();
    assert_eq!(store.users(None, 10).await.unwrap(), known);
    assert!(!known.contains(&create(&**store, "c@example.com").await.id));
}

pub(super) async fn restoring_replaces_what_is_there(make: Maker) {
    let store = &make().await[0];
    let user = lived_in(&**store).await;
    let all = archive(&**store, user).await;
    let live = read(&**store, user).await;
    let more = ids(&**store, user, 3).await;
    let moved = User {
        username: "z@example.com".to_owned(),
        apple_sub: None,
        profile: None,
        deleted_at: Some(at(80)),
        ..all.user.clone()
    };
    let changes = [
        Change::User(moved),
        Change::DropDevice("one".to_owned()),
        Change::AddDevice(device("three", 3)),
        Change::Category(category(more[0], "z")),
        Change::Todo(Todo { deleted_at: Some(at(80)), ..live.todos[0].clone() }),
        Change::Sub(sub(more[1], live.todos[0].id, "z")),
        Change::Feedback(feedback(more[2], "셋째")),
    ];
    write(&**store, user, &changes).await;

    store.restore(&all).await.unwrap();
    assert_eq!(archive(&**store, user).await, all);
    assert_eq!(read(&**store, user).await, live);
    for (key, owner) in [
        (UniqueName::Username("a@example.com".to_owned()), Some(user)),
        (UniqueName::Username("z@example.com".to_owned()), None),
        (UniqueName::AppleSub("001.a".to_owned()), Some(user)),
        (UniqueName::Device("one".to_owned()), Some(user)),
        (UniqueName::Device("three".to_owned()), None),
    ] {
        assert_eq!(store.find(&key).await.unwrap(), owner, "{key:?}");
    }
}

pub(super) async fn a_taken_name_refuses_the_archive(make: Maker) {
    let (old, new) = (&make().await[0], &make().await[0]);
    // Numbers that the new place has not given yet.
    for i in 0..3 {
        create(&**old, &format!("{i}@example.com")).await;
    }
    let user = lived_in(&**old).await;
    let all = archive(&**old, user).await;
    let other = new.create(User { devices: vec![device("two", 9)], ..person("b@example.com") }).await.unwrap().id;
    assert_ne!(other, user);
    assert!(matches!(new.restore(&all).await, Err(StoreError::Taken(UniqueName::Device(token))) if token == "two"));
    assert_eq!(new.archive(user).await.unwrap(), None);
    assert_eq!(new.read(user, Scope::Everything).await.unwrap(), None);
    assert_eq!(new.find(&UniqueName::Username("a@example.com".to_owned())).await.unwrap(), None);
    assert_eq!(new.users(None, 10).await.unwrap(), [other]);
    // Once it is free, it goes through.
    write(&**new, other, &[Change::DropDevice("two".to_owned())]).await;
    new.restore(&all).await.unwrap();
    assert_eq!(archive(&**new, user).await, all);
}

pub(super) async fn a_long_archive_survives(make: Maker) {
    let (old, new) = (&make().await[0], &make().await[0]);
    let user = create(&**old, "a@example.com").await.id;
    let mut given = ids(&**old, user, 1_200).await;
    given.sort_unstable();
    for part in given.chunks(400) {
        let rows: Vec<_> = part
            .iter()
            .map(|&id| Todo { content: format!("{id} {}", "길게".repeat(100)), ..todo(id, &format!("{id:09}")) })
            .collect();
        write(&**old, user, &rows.iter().cloned().map(Change::Todo).collect::<Vec<_>>()).await;
        let gone: Vec<_> =
            rows.into_iter().step_by(2).map(|row| Change::Todo(Todo { deleted_at: Some(at(90)), ..row })).collect();
        write(&**old, user, &gone).await;
    }
    let all = archive(&**old, user).await;
    assert_eq!(all.todos.iter().map(|row| row.id).collect::<Vec<_>>(), given);
    assert_eq!(all.todos.iter().filter(|row| row.deleted_at.is_some()).count(), 600);
    new.restore(&all).await.unwrap();
    assert_eq!(archive(&**new, user).await, all);
    assert_eq!(read(&**new, user).await.todos.len(), 600);
}
