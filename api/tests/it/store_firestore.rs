//! The store in Firestore.

use std::sync::Arc;

use onestep_api::store::Store;
use onestep_api::store::documents::firestore;

use crate::conformance::{Place, conforms};
use crate::fakes::firestore::Firestore;

/// Two handles, as two processes would have.
fn handles(service: &Firestore, address: &str) -> Place {
    let open = || firestore::open_with(&format!("one-step?base={address}"), Some(&service.tokens.account()), None).unwrap();
    vec![open(), open()]
}

#[tokio::test(flavor = "multi_thread")]
async fn firestore_conforms() {
    conforms(|| async {
        let (service, address) = Firestore::start(false).await;
        handles(&service, &address)
    })
    .await;
}

#[tokio::test]
async fn the_emulator_needs_no_account() {
    let (_, address) = Firestore::start(true).await;
    let store: Arc<dyn Store> = firestore::open_with("one-step", None, Some(address.strip_prefix("http://").unwrap())).unwrap();
    store.ready().await.unwrap();
}
