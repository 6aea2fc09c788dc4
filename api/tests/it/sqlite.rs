//! The SQLite store.

use std::sync::Arc;

use onestep_api::store::Store;
use onestep_api::store::sqlite::Sqlite;

use crate::conformance;

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
