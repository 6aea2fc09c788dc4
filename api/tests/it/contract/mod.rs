//! The contract, row by row, over HTTP: what the original's clients send, and what they must be answered.
//!
//! The whole suite is one function of a running server, so that it holds of every store.

mod account;
mod categories;
mod client;
mod document;
mod feedback;
mod forged;
mod general;
mod harness;
mod hostile;
mod inbox;
mod login;
mod order;
mod ownership;
pub(crate) mod process;
mod pushes;
mod recommend;
mod subs;
mod todos;
mod tokens;

use std::sync::Arc;

use harness::World;
use process::{KEY, Process};
use test_stack::stack::{Emulator, aws_env};

/// What the program must not have said: internal errors and secrets.
fn in_the_log(world: &World) -> Vec<String> {
    let log = world.process().log();
    let words = [
        "ERROR",
        "panicked",
        KEY,
        "the-key-of-",
        "a secret of hers",
        "@example.com",
        "Bearer",
        "eyJ",
        "todo_id=",
        "todoId=",
    ];
    log.lines()
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .map(|line| format!("the log: {line}"))
        .collect()
}

/// Every area has its own people, so all of them ask at once.
async fn holds(process: Process) {
    let world = World::new(process);
    let mut areas = tokio::task::JoinSet::new();
    macro_rules! areas {
        ($($area:ident),*) => {$( areas.spawn($area::holds(Arc::clone(&world))); )*};
    }
    areas!(
        tokens, account, feedback, categories, todos, order, subs, inbox, ownership, general, hostile, client, login,
        recommend, pushes
    );
    let mut faults = Vec::new();
    while let Some(ended) = areas.join_next().await {
        if let Err(error) = ended {
            faults.push(error.to_string());
        }
    }
    faults.extend(world.faults());
    faults.extend(in_the_log(&world));
    assert!(faults.is_empty(), "{} answers are not as the contract says:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_of_a_server_with_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("onestep.db").display());
    holds(Process::start(&store, &[]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_of_a_server_with_a_table() {
    let emulator = Emulator::ministack().await;
    // The table is not there yet: the server makes it.
    holds(Process::start("dynamodb:onestep", &aws_env(&emulator.url(), &[])).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_says_what_the_server_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("onestep.db").display());
    document::holds(Process::start(&store, &[]).await).await;
}
