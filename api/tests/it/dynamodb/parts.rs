//! Users with so many rows that they lie in several items.

use std::cmp::Ordering::{Equal, Greater, Less};

use chrono::DateTime;
use futures::{StreamExt, stream};
use onestep_api::store::dynamodb::DynamoDb;
use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Id, Todo};
use onestep_core::user_rows::{Scope, UniqueName, UserRows};
use test_stack::stack::Emulator;

use super::{account, changes, device, items, many, new_table, noise, person, todos, update};
use crate::faulty::{Fate, Faulty};

/// A process that dies at one of its requests: none of its own attempts comes through from then on. Whether all of its
/// change was done, and known to be.
async fn cut_off(emulator: &Emulator, passing: usize, lost: fn() -> Fate) -> bool {
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let (old, new, third) = (many(1), many(2), many(3));
    update(&direct, user, &changes(&old)).await.unwrap();
    let way = Faulty::start(emulator.url(), move |number, _| match number.cmp(&passing) {
        Less => Fate::Passes,
        Equal => lost(),
        Greater => Fate::RequestLost,
    });
    let dying = DynamoDb::open(&table, &account(&way.url));
    let mut all = changes(&new);
    all.push(device("one"));
    let answer = update(&dying, user, &all).await;
    let committed = todos(&direct, user).await == new;
    if !committed {
        assert!(answer.is_err());
        assert_eq!(todos(&direct, user).await, old, "after {passing} requests");
    }
    assert_eq!(
        direct.find(&UniqueName::Device("one".to_owned())).await.unwrap(),
        committed.then_some(user),
        "after {passing} requests"
    );

    // The next writer goes on, and deletes what was left behind.
    assert!(update(&direct, user, &changes(&third)).await.unwrap());
    assert_eq!(todos(&direct, user).await, third);
    let items = items(emulator, &table, user).await;
    let found: Vec<&str> =
        items["Items"].as_array().unwrap().iter().map(|item| item["sk"]["S"].as_str().unwrap()).collect();
    let head: serde_json::Value = serde_json::from_str(items["Items"][0]["head"]["S"].as_str().unwrap()).unwrap();
    let listed = head["parts"].as_array().unwrap().iter().map(|part| part["key"].as_str().unwrap());
    let listed: Vec<&str> = std::iter::once("owner").chain(listed).collect();
    assert_eq!(found, listed, "after {passing} requests");
    assert!(listed.len() > 5, "{listed:?}");
    answer.is_ok() && committed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_change_that_is_cut_off_anywhere_is_done_or_not() {
    let emulator = &Emulator::ministack().await;
    for lost in [(|| Fate::RequestLost) as fn() -> Fate, || Fate::AnswerLost] {
        let mut trials = std::pin::pin!(stream::iter(0..).map(|passing| cut_off(emulator, passing, lost)).buffered(6));
        let mut failed = 0;
        while !trials.next().await.unwrap() {
            failed += 1;
        }
        // The look, every part, and the account.
        assert!(failed > 6, "{failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_saw_half_of_a_commit_is_asked_again() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    update(&direct, user, &changes(&many(1))).await.unwrap();
    let mut torn = items(&emulator, &table, user).await;
    torn["Items"].as_array_mut().unwrap().pop();
    let torn = torn.to_string();
    for (halves, expected) in [(1, Some(many(1))), (usize::MAX, None)] {
        let torn = torn.clone();
        let way = Faulty::start(emulator.url(), move |number, _| {
            if number < halves { Fate::Answered(200, torn.clone()) } else { Fate::Passes }
        });
        let store = DynamoDb::open(&table, &account(&way.url));
        match store.read(user, Scope::Todos).await {
            Ok(found) => assert_eq!(found.map(|found| found.todos), expected),
            Err(StoreError::Contended(8)) => assert_eq!(expected, None),
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(way.calls().len(), halves.saturating_add(1).min(8));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_query_takes_is_read_in_pages() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let rows: Vec<Todo> = (1..=2_400).map(|id| noise(id, 1)).collect();
    update(&direct, user, &changes(&rows)).await.unwrap();
    let way = Faulty::start(emulator.url(), |_, _| Fate::Passes);
    let store = DynamoDb::open(&table, &account(&way.url));
    assert!(todos(&store, user).await == rows);
    assert_eq!(way.calls(), ["Query", "Query"]);
    let all = direct.archive(user).await.unwrap().unwrap();
    assert!(all.todos == rows);
    // And into a place where all of it is past.
    let gone: Vec<Todo> =
        rows.iter().map(|row| Todo { deleted_at: Some(DateTime::UNIX_EPOCH), ..row.clone() }).collect();
    update(&direct, user, &changes(&gone)).await.unwrap();
    let all = direct.archive(user).await.unwrap().unwrap();
    assert!(all.todos == gone);
    let (_, other) = new_table(&emulator.url()).await;
    other.restore(&all).await.unwrap();
    assert!(other.archive(user).await.unwrap().unwrap() == all);
    assert_eq!(todos(&other, user).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_half_of_many_parts() {
    let emulator = Emulator::ministack().await;
    let (table, first) = new_table(&emulator.url()).await;
    let user = first.create(person()).await.unwrap().id;
    update(&first, user, &changes(&many(0))).await.unwrap();
    let writers = (0..2).map(|_| {
        let store = DynamoDb::open(&table, &account(&emulator.url()));
        tokio::spawn(async move {
            for _ in 0..4 {
                let decide = &mut |user_rows: &UserRows, _: &[Id]| {
                    let generation: u32 = user_rows.todos[0].rank.split('|').next().unwrap().parse().unwrap();
                    changes(&many(generation + 1))
                };
                assert!(store.update(user, Scope::Todos, 0, decide).await.unwrap());
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    loop {
        let last = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let found = todos(&first, user).await;
        let generation: u32 = found[0].rank.split('|').next().unwrap().parse().unwrap();
        assert!(found == many(generation), "a mixture");
        if last {
            assert_eq!(generation, 8);
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
