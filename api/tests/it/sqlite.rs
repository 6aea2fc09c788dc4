//! The SQLite store.

use std::sync::Arc;

use onestep_api::store::Store;
use onestep_api::store::sqlite::Sqlite;
use onestep_core::user_rows::{Change, Scope};

use crate::conformance;
use crate::conformance::samples::{create, device, sub, todo, write};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_what_every_store_must_keep() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Arc::new(folder);
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    conformance::conforms(move || {
        let file = root.path().join(format!("{}.db", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        // Two processes on one file.
        async move { (0..2).map(|_| Arc::new(Sqlite::open(&file).expect("a new file")) as Arc<dyn Store>).collect() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_read_is_an_error_that_names_its_table_and_never_a_default() {
    for (table, change, said) in [
        ("account", "UPDATE account SET provider = 'FACEBOOK'", "\"FACEBOOK\" is not a provider"),
        ("account", "UPDATE account SET created_at = 'yesterday'", "Conversion error"),
        ("account", "UPDATE account SET profile = '{}'", "missing field"),
        ("device", "UPDATE device SET seen_at = ''", "Conversion error"),
        ("todo", "UPDATE todo SET date = '2026-02-30'", "Conversion error"),
        ("todo", "UPDATE todo SET due_time = 'noon'", "Conversion error"),
        ("sub", "UPDATE sub SET updated_at = 'never'", "Conversion error"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.db");
        let store = Sqlite::open(&path).expect("a new file");
        let user = create(&store, "ann@example.com").await.id;
        write(
            &store,
            user,
            &[Change::AddDevice(device("phone", 1)), Change::Todo(todo(20, "a")), Change::Sub(sub(21, 20, "a"))],
        )
        .await;
        rusqlite::Connection::open(&path).expect("the file").execute(change, []).expect(change);
        for read in [store.read(user, Scope::Everything).await.map(drop), store.archive(user).await.map(drop)] {
            let refused = read.expect_err(change).to_string();
            assert!(
                refused.contains(&format!("a row of user {user} in table {table}")) && refused.contains(said),
                "{change}: {refused}"
            );
        }
    }
}
