//! What happens when several change the rows of one user at the same time, from several processes where the store can
//! be shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use onestep_api::store::Store;
use onestep_core::model::{Category, Id, Profile, Todo, User};
use onestep_core::user_rows::{Change, Scope, UserRows};

use super::samples::{category, create, ids, profile, read, sub, todo, write};
use super::{Maker, Place};

/// Runs the same work many times at once, spread over the handles.
async fn at_once<Made, Out>(place: &Place, times: usize, work: impl Fn(usize, Arc<dyn Store>) -> Made) -> Vec<Out>
where
    Made: Future<Output = Out> + Send + 'static,
    Out: Send + 'static,
{
    let running: Vec<_> = (0..times).map(|i| tokio::spawn(work(i, place[i % place.len()].clone()))).collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

pub(super) async fn twenty_four_creates_get_twenty_four_ranks(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let given = at_once(&place, 24, move |_, store| async move {
        let mut mine = 0;
        let decide = &mut |user_rows: &UserRows, ids: &[Id]| {
            let highest: u32 = user_rows.todos.last().map_or(0, |row| row.rank.parse().unwrap());
            mine = ids[0];
            vec![Change::Todo(todo(mine, &format!("{:04}", highest + 1)))]
        };
        assert!(store.update(user, Scope::Todos, 1, decide).await.unwrap());
        mine
    })
    .await;
    let found = read(&*place[0], user).await.todos;
    assert_eq!(
        found.iter().map(|row| row.rank.clone()).collect::<Vec<_>>(),
        (1..=24).map(|i| format!("{i:04}")).collect::<Vec<_>>()
    );
    let mut made: Vec<_> = found.iter().map(|row| row.id).collect();
    let mut given = given;
    made.sort_unstable();
    given.sort_unstable();
    assert_eq!(made, given);
}

/// A number in the account: what its writers count up.
fn count(user_rows: &UserRows) -> u32 {
    user_rows.user.profile.as_ref().map_or(0, |profile| profile.job.parse().unwrap())
}

pub(super) async fn no_update_is_lost(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let mut wrote = at_once(&place, 12, move |_, store| async move {
        let mut wrote = 0;
        let decide = &mut |user_rows: &UserRows, _: &[Id]| {
            wrote = count(user_rows) + 1;
            vec![Change::User(User {
                profile: Some(Profile { job: wrote.to_string(), ..profile() }),
                ..user_rows.user.clone()
            })]
        };
        assert!(store.update(user, Scope::Account, 0, decide).await.unwrap());
        wrote
    })
    .await;
    wrote.sort_unstable();
    assert_eq!(wrote, (1..=12).collect::<Vec<u32>>());
    assert_eq!(count(&read(&*place[0], user).await), 12);
}

pub(super) async fn two_fields_keep_both_writers(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let id = ids(&*place[0], user, 1).await[0];
    write(&*place[0], user, &[Change::Todo(todo(id, "a"))]).await;
    for round in 0..4 {
        at_once(&place, 2, move |i, store| async move {
            let decide = &mut |user_rows: &UserRows, _: &[Id]| {
                let row = user_rows.todos[0].clone();
                let row = if i == 0 {
                    Todo { content: format!("round {round}"), ..row }
                } else {
                    Todo { rank: format!("{round}"), ..row }
                };
                vec![Change::Todo(row)]
            };
            assert!(store.update(user, Scope::Todos, 0, decide).await.unwrap());
        })
        .await;
        let row = read(&*place[0], user).await.todos.remove(0);
        assert_eq!((row.content, row.rank), (format!("round {round}"), format!("{round}")));
    }
}

pub(super) async fn what_counts_is_the_last_decision(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let wrote = at_once(&place, 8, move |i, store| async move {
        let mut wrote = false;
        // Only the first may: the others find it there, be it at their first look or at a later one.
        let decide = &mut |user_rows: &UserRows, ids: &[Id]| {
            wrote = user_rows.categories.is_empty();
            let row = Category { color: i as i64, ..category(ids[0], "a") };
            if wrote { vec![Change::Category(row)] } else { Vec::new() }
        };
        assert!(store.update(user, Scope::Categories, 1, decide).await.unwrap());
        wrote
    })
    .await;
    let found = read(&*place[0], user).await.categories;
    assert_eq!(found.len(), 1);
    let writers: Vec<_> = wrote.iter().enumerate().filter_map(|(i, wrote)| wrote.then_some(i as i64)).collect();
    assert_eq!(writers, [found[0].color]);
}

const ROWS: u32 = 400;

/// Rewrites the ranks of all todos, keeping their order; their first character says which rewriting they are of.
async fn rebalance(store: &dyn Store, user: Id, generation: char) {
    let decide = &mut |user_rows: &UserRows, _: &[Id]| {
        let rows = user_rows.todos.iter().enumerate();
        rows.map(|(place, row)| Change::Todo(Todo { rank: format!("{generation}{place:04}"), ..row.clone() })).collect()
    };
    assert!(store.update(user, Scope::Todos, 0, decide).await.unwrap());
}

async fn many_todos(store: &dyn Store, user: Id) -> Vec<Id> {
    let mut given = ids(store, user, ROWS).await;
    given.sort_unstable();
    let rows: Vec<_> =
        given.iter().enumerate().map(|(place, &id)| Change::Todo(todo(id, &format!("a{place:04}")))).collect();
    write(store, user, &rows).await;
    given
}

pub(super) async fn no_reader_sees_half_a_rebalancing(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let given = many_todos(&*place[0], user).await;
    let finished = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = place
        .iter()
        .map(|store| {
            let (store, finished, given) = (store.clone(), finished.clone(), given.clone());
            tokio::spawn(async move {
                let mut seen = 'a';
                loop {
                    let last = finished.load(Ordering::SeqCst);
                    let found = store.read(user, Scope::Todos).await.unwrap().unwrap().todos;
                    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), given);
                    let generation = found[0].rank.chars().next().unwrap();
                    assert!(
                        found.iter().enumerate().all(|(place, row)| row.rank == format!("{generation}{place:04}")),
                        "a mixture"
                    );
                    assert!(generation >= seen, "back from {seen} to {generation}");
                    seen = generation;
                    if last {
                        return seen;
                    }
                }
            })
        })
        .collect();
    for generation in ['b', 'c', 'd'] {
        rebalance(&**place.last().unwrap(), user, generation).await;
    }
    finished.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 'd');
    }
}

pub(super) async fn small_changes_between_big_ones_are_kept(make: Maker) {
    let place = make().await;
    let user = create(&*place[0], "a@example.com").await.id;
    let given = many_todos(&*place[0], user).await;
    at_once(&place, 5, move |i, store| {
        let given = given.clone();
        async move {
            if i < 2 {
                return rebalance(&*store, user, ['b', 'c'][i]).await;
            }
            // One field of one row, whatever the ranks are by then, and a step.
            for round in 0..3 {
                let wanted = given[i * 3 + round];
                let decide = &mut |user_rows: &UserRows, ids: &[Id]| {
                    let row = user_rows.todos.iter().find(|row| row.id == wanted).unwrap();
                    vec![
                        Change::Todo(Todo { is_completed: true, ..row.clone() }),
                        Change::Sub(sub(ids[0], wanted, "a")),
                    ]
                };
                assert!(store.update(user, Scope::Todos, 1, decide).await.unwrap());
            }
        }
    })
    .await;
    let found = read(&*place[0], user).await;
    assert_eq!(found.todos.len(), ROWS as usize);
    assert_eq!(found.subs.len(), 9);
    let generation = found.todos[0].rank.chars().next().unwrap();
    assert!(generation > 'a');
    for (place, row) in found.todos.iter().enumerate() {
        assert_eq!(row.rank, format!("{generation}{place:04}"));
        assert_eq!(row.is_completed, (6..15).contains(&place), "row {place}");
    }
}
