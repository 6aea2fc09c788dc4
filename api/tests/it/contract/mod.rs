//! The contract, row by row, over HTTP: what the original's clients send, and what they must be answered.
//!
//! The whole suite is one function of a running server, so that it holds of every store.

mod account;
mod categories;
mod client;
mod feedback;
mod forged;
mod general;
mod harness;
mod inbox;
mod login;
mod order;
mod ownership;
mod process;
mod pushes;
mod recommend;
mod subs;
mod todos;
mod tokens;

use std::sync::Arc;

use harness::World;
use process::{KEY, Process};
use test_stack::stack::{Emulator, aws_env};

/// Every area has its own people, so all of them ask at once.
async fn holds(process: Process) {
    let world = World::new(process);
    let mut areas = tokio::task::JoinSet::new();
    macro_rules! areas {
        ($($area:ident),*) => {$( areas.spawn($area::holds(Arc::clone(&world))); )*};
    }
    areas!(tokens, account, feedback, categories, todos, order, subs, inbox, ownership, general, client, login, recommend, pushes);
    let mut faults = Vec::new();
    while let Some(ended) = areas.join_next().await {
        if let Err(error) = ended {
            faults.push(error.to_string());
        }
    }
    faults.extend(world.faults());
    let log = world.process().log();
    // Nothing went wrong inside either, and nothing that must not be told was told.
    for word in ["ERROR", "panicked", KEY, "the-key-of-", "a secret of hers"] {
        faults.extend(log.lines().filter(|line| line.contains(word)).map(|line| format!("the log: {line}")));
    }
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
