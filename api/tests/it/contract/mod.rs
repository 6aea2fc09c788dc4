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
mod order;
mod ownership;
mod process;
mod subs;
mod todos;
mod tokens;

use std::sync::Arc;

use harness::World;
use process::Process;

/// Every area has its own people, so all of them ask at once.
async fn holds(process: Process) {
    let world = World::new(process);
    let mut areas = tokio::task::JoinSet::new();
    macro_rules! areas {
        ($($area:ident),*) => {$( areas.spawn($area::holds(Arc::clone(&world))); )*};
    }
    areas!(tokens, account, feedback, categories, todos, order, subs, inbox, ownership, general, client);
    let mut faults = Vec::new();
    while let Some(ended) = areas.join_next().await {
        if let Err(error) = ended {
            faults.push(error.to_string());
        }
    }
    faults.extend(world.faults());
    assert!(faults.is_empty(), "{} answers are not as the contract says:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_of_a_server_with_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("onestep.db").display());
    holds(Process::start(&store, &[]).await).await;
}
