//! Accounts, their names and their devices.

use futures::future::join_all;
use onestep_api::store::StoreError;
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Change, Scope, UniqueName, UserRows};

use super::Maker;
use super::samples::{at, category, create, device, ids, person, profile, read, todo, try_write, write};

fn username(name: &str) -> UniqueName {
    UniqueName::Username(name.to_owned())
}

pub(super) async fn a_new_store_is_ready_and_empty(make: Maker) {
    for store in make().await {
        assert!(!store.name().is_empty());
        store.ready().await.unwrap();
        assert_eq!(store.users(None, 10).await.unwrap(), Vec::<Id>::new());
    }
}

pub(super) async fn nobody_is_not_there(make: Maker) {
    let store = &make().await[0];
    for user in [1, 7, 9_007_199_254_740_991] {
        assert_eq!(store.read(user, Scope::Everything).await.unwrap(), None);
        assert_eq!(store.archive(user).await.unwrap(), None);
    }
    for key in
        [username("a@example.com"), UniqueName::AppleSub("001.a".to_owned()), UniqueName::Device("token".to_owned())]
    {
        assert_eq!(store.find(&key).await.unwrap(), None);
    }
}

pub(super) async fn a_new_account_is_read_as_it_was_given(make: Maker) {
    let store = &make().await[0];
    let given = User {
        apple_sub: Some("001.a".to_owned()),
        recommended_at: Some(at(9)),
        reminded: Some("reminders/2026-11-22/08".to_owned()),
        patch_note: Some("3".to_owned()),
        devices: vec![device("one", 10), device("two", 11)],
        profile: Some(profile()),
        ..person("a@example.com")
    };
    let made = store.create(given.clone()).await.unwrap();
    assert!(made.id >= 1);
    assert_eq!(made, User { id: made.id, ..given });
    assert_eq!(read(&**store, made.id).await, UserRows::of(made.clone()));
    for key in [
        username("a@example.com"),
        UniqueName::AppleSub("001.a".to_owned()),
        UniqueName::Device("one".to_owned()),
        UniqueName::Device("two".to_owned()),
    ] {
        assert_eq!(store.find(&key).await.unwrap(), Some(made.id), "{key:?}");
    }
    // Kinds of names do not mix.
    assert_eq!(store.find(&username("001.a")).await.unwrap(), None);
    assert_eq!(store.find(&UniqueName::AppleSub("one".to_owned())).await.unwrap(), None);
}

pub(super) async fn a_name_is_given_once(make: Maker) {
    let store = &make().await[0];
    let first =
        User { apple_sub: Some("001.a".to_owned()), devices: vec![device("one", 1)], ..person("a@example.com") };
    let first = store.create(first).await.unwrap();
    let cases = [
        (person("a@example.com"), username("a@example.com")),
        (
            User { apple_sub: Some("001.a".to_owned()), ..person("b@example.com") },
            UniqueName::AppleSub("001.a".to_owned()),
        ),
        (
            User { devices: vec![device("two", 2), device("one", 3)], ..person("c@example.com") },
            UniqueName::Device("one".to_owned()),
        ),
    ];
    for (second, key) in cases {
        match store.create(second).await {
            Err(StoreError::Taken(taken)) => assert_eq!(taken, key),
            other => panic!("{key:?} was given twice: {other:?}"),
        }
    }
    assert_eq!(store.users(None, 10).await.unwrap(), [first.id]);
}

pub(super) async fn a_refused_account_leaves_nothing(make: Maker) {
    let store = &make().await[0];
    create(&**store, "a@example.com").await;
    let refused =
        User { apple_sub: Some("001.b".to_owned()), devices: vec![device("two", 2)], ..person("a@example.com") };
    assert!(matches!(store.create(refused).await, Err(StoreError::Taken(UniqueName::Username(_)))));
    let free = User { apple_sub: Some("001.b".to_owned()), devices: vec![device("two", 2)], ..person("b@example.com") };
    store.create(free).await.unwrap();
}

pub(super) async fn eight_first_logins_make_one_account(make: Maker) {
    let place = make().await;
    let logins = (0..8).map(|i| {
        let store = place[i % place.len()].clone();
        tokio::spawn(async move { store.create(person("a@example.com")).await })
    });
    let mut made = Vec::new();
    let mut taken = 0;
    for answer in join_all(logins).await {
        match answer.unwrap() {
            Ok(user) => made.push(user.id),
            Err(StoreError::Taken(UniqueName::Username(name))) if name == "a@example.com" => taken += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((made.len(), taken), (1, 7));
    for store in &place {
        assert_eq!(store.find(&username("a@example.com")).await.unwrap(), Some(made[0]));
        assert_eq!(store.users(None, 10).await.unwrap(), made);
    }
}

pub(super) async fn names_are_told_apart_to_the_letter(make: Maker) {
    let store = &make().await[0];
    let long = "가".repeat(150);
    let names = [
        "a@example.com",
        "A@example.com",
        "a_@example.com",
        "a%@example.com",
        "a/b",
        "a",
        "..",
        "__a__",
        "it's",
        "\"a\"",
        "a\\",
        "a#b",
        "김철수",
        "🙂",
        &long,
    ];
    let mut made = Vec::new();
    for name in names {
        made.push((name, create(&**store, name).await.id));
    }
    for (name, id) in made {
        assert_eq!(store.find(&username(name)).await.unwrap(), Some(id), "{name}");
        assert_eq!(read(&**store, id).await.user.username, name);
    }
    let token = "t:/".repeat(1_300);
    let user = create(&**store, "tokens").await;
    write(&**store, user.id, &[Change::AddDevice(device(&token, 1))]).await;
    assert_eq!(store.find(&UniqueName::Device(token.clone())).await.unwrap(), Some(user.id));
    assert_eq!(store.find(&UniqueName::Device(token + "t")).await.unwrap(), None);
}

pub(super) async fn the_account_is_rewritten_without_its_devices(make: Maker) {
    let store = &make().await[0];
    let made = store.create(User { devices: vec![device("one", 1)], ..person("a@example.com") }).await.unwrap();
    let rewritten = User {
        is_subscribed: false,
        is_premium: true,
        apple_sub: Some("001.a".to_owned()),
        recommended_at: Some(at(20)),
        reminded: Some("reminders/2026-11-23/14".to_owned()),
        patch_note: Some("4".to_owned()),
        profile: Some(profile()),
        devices: Vec::new(),
        ..made.clone()
    };
    write(&**store, made.id, &[Change::User(rewritten.clone())]).await;
    assert_eq!(read(&**store, made.id).await.user, User { devices: made.devices.clone(), ..rewritten });
    assert_eq!(store.find(&UniqueName::AppleSub("001.a".to_owned())).await.unwrap(), Some(made.id));
    assert_eq!(store.find(&UniqueName::Device("one".to_owned())).await.unwrap(), Some(made.id));
}

pub(super) async fn a_changed_name_sets_the_old_one_free(make: Maker) {
    let store = &make().await[0];
    let made = create(&**store, "old@example.com").await;
    write(&**store, made.id, &[Change::User(User { username: "new@example.com".to_owned(), ..made.clone() })]).await;
    assert_eq!(store.find(&username("new@example.com")).await.unwrap(), Some(made.id));
    assert_eq!(store.find(&username("old@example.com")).await.unwrap(), None);
    let second = create(&**store, "old@example.com").await;
    assert_ne!(second.id, made.id);
}

pub(super) async fn a_name_of_another_refuses_the_whole_update(make: Maker) {
    let store = &make().await[0];
    let first =
        User { apple_sub: Some("001.a".to_owned()), devices: vec![device("one", 1)], ..person("a@example.com") };
    store.create(first).await.unwrap();
    let second = create(&**store, "b@example.com").await;
    let id = ids(&**store, second.id, 1).await[0];
    let before = read(&**store, second.id).await;
    let cases = [
        (Change::User(User { username: "a@example.com".to_owned(), ..second.clone() }), username("a@example.com")),
        (
            Change::User(User { apple_sub: Some("001.a".to_owned()), ..second.clone() }),
            UniqueName::AppleSub("001.a".to_owned()),
        ),
        (Change::AddDevice(device("one", 2)), UniqueName::Device("one".to_owned())),
    ];
    for (claim, key) in cases {
        let changes = [Change::Todo(todo(id, "a")), claim, Change::AddDevice(device("two", 3))];
        match try_write(&**store, second.id, &changes).await {
            Err(StoreError::Taken(taken)) => assert_eq!(taken, key),
            other => panic!("{key:?} was given twice: {other:?}"),
        }
        assert_eq!(read(&**store, second.id).await, before);
        assert_eq!(store.find(&UniqueName::Device("two".to_owned())).await.unwrap(), None);
    }
}

pub(super) async fn a_deleted_account_is_read_as_deleted_and_comes_back(make: Maker) {
    let store = &make().await[0];
    let made = create(&**store, "a@example.com").await;
    let given = ids(&**store, made.id, 2).await;
    write(&**store, made.id, &[Change::Category(category(given[0], "a")), Change::Todo(todo(given[1], "a"))]).await;
    let before = read(&**store, made.id).await;

    write(&**store, made.id, &[Change::User(User { deleted_at: Some(at(30)), ..made.clone() })]).await;
    let deleted = read(&**store, made.id).await;
    assert_eq!(deleted.user.deleted_at, Some(at(30)));
    assert_eq!(deleted.todos, before.todos);
    assert_eq!(store.find(&username("a@example.com")).await.unwrap(), Some(made.id));
    assert!(matches!(store.create(person("a@example.com")).await, Err(StoreError::Taken(_))));
    assert_eq!(store.users(None, 10).await.unwrap(), [made.id]);

    write(&**store, made.id, &[Change::User(made.clone())]).await;
    assert_eq!(read(&**store, made.id).await, before);
}

pub(super) async fn devices_come_and_go(make: Maker) {
    let store = &make().await[0];
    let made = create(&**store, "a@example.com").await;
    // What is changed, and what is there then.
    type Step<'a> = (&'a [Change], &'a [(&'a str, i64)]);
    let steps: [Step<'_>; 5] = [
        (&[Change::AddDevice(device("one", 1)), Change::AddDevice(device("two", 2))], &[("one", 1), ("two", 2)]),
        (&[Change::AddDevice(device("one", 3))], &[("two", 2), ("one", 3)]),
        (&[Change::DropDevice("nobody's".to_owned())], &[("two", 2), ("one", 3)]),
        (&[Change::DropDevice("two".to_owned())], &[("one", 3)]),
        (&[Change::DropDevice("one".to_owned()), Change::AddDevice(device("two", 4))], &[("two", 4)]),
    ];
    for (changes, expected) in steps {
        write(&**store, made.id, changes).await;
        let expected: Vec<_> = expected.iter().map(|(token, seen)| device(token, *seen)).collect();
        assert_eq!(read(&**store, made.id).await.user.devices, expected, "{changes:?}");
    }
    assert_eq!(store.find(&UniqueName::Device("one".to_owned())).await.unwrap(), None);
    assert_eq!(store.find(&UniqueName::Device("two".to_owned())).await.unwrap(), Some(made.id));
}

pub(super) async fn a_device_moves_when_its_owner_drops_it(make: Maker) {
    let store = &make().await[0];
    let first = store.create(User { devices: vec![device("one", 1)], ..person("a@example.com") }).await.unwrap();
    let second = create(&**store, "b@example.com").await;
    // Another's device is not dropped.
    write(&**store, second.id, &[Change::DropDevice("one".to_owned())]).await;
    assert_eq!(store.find(&UniqueName::Device("one".to_owned())).await.unwrap(), Some(first.id));

    write(&**store, first.id, &[Change::DropDevice("one".to_owned())]).await;
    write(&**store, second.id, &[Change::AddDevice(device("one", 2))]).await;
    assert_eq!(store.find(&UniqueName::Device("one".to_owned())).await.unwrap(), Some(second.id));
    assert_eq!(read(&**store, first.id).await.user.devices, []);
    assert_eq!(read(&**store, second.id).await.user.devices, [device("one", 2)]);
}

pub(super) async fn one_device_cannot_be_claimed_twice_at_once(make: Maker) {
    let place = make().await;
    let mut users = Vec::new();
    for i in 0..8 {
        users.push(create(&*place[0], &format!("{i}@example.com")).await.id);
    }
    let claims = users.iter().enumerate().map(|(i, &user)| {
        let store = place[i % place.len()].clone();
        tokio::spawn(async move { (user, try_write(&*store, user, &[Change::AddDevice(device("one", 1))]).await) })
    });
    let mut owners = Vec::new();
    for claim in join_all(claims).await {
        match claim.unwrap() {
            (user, Ok(true)) => owners.push(user),
            (_, Err(StoreError::Taken(UniqueName::Device(_)))) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(owners.len(), 1);
    assert_eq!(place[0].find(&UniqueName::Device("one".to_owned())).await.unwrap(), Some(owners[0]));
    for user in users {
        let expected: &[_] = if user == owners[0] { &[device("one", 1)] } else { &[] };
        assert_eq!(read(&*place[0], user).await.user.devices, expected);
    }
}

pub(super) async fn users_come_in_pages(make: Maker) {
    let store = &make().await[0];
    let mut made = Vec::new();
    for i in 0..23 {
        made.push(create(&**store, &format!("{i}@example.com")).await.id);
    }
    made.sort_unstable();
    let mut found = Vec::new();
    loop {
        let page = store.users(found.last().copied(), 5).await.unwrap();
        assert!(page.len() <= 5);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, made);
    assert_eq!(store.users(Some(made[20]), 100).await.unwrap(), made[21..]);
    assert_eq!(store.users(Some(made[22]), 100).await.unwrap(), Vec::<Id>::new());
}
