//! The store on DynamoDB, against two emulators that share no code, and with the network failing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use onestep_api::store::Store;
use onestep_api::store::dynamodb::DynamoDb;
use test_stack::stack::{Emulator, REGION};

use crate::conformance::{Place, conforms};

fn account(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(url)
        .build()
}

/// Three handles on a new table, as three functions would have.
async fn new_place(url: String) -> Place {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    let table = format!("onestep-{}", TABLES.fetch_add(1, Ordering::SeqCst));
    let handles = [(); 3].map(|()| DynamoDb::open(&table, &account(&url)));
    handles[0].prepare().await.unwrap();
    handles.into_iter().map(|handle| Arc::new(handle) as Arc<dyn Store>).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_ministack() {
    let emulator = Emulator::ministack().await;
    let url = emulator.url();
    conforms(move || new_place(url.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_moto() {
    let emulator = Emulator::moto().await;
    let url = emulator.url();
    conforms(move || new_place(url.clone())).await;
}
