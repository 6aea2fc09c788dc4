//! The store in Google Drive.

use onestep_api::store::documents::google_drive;

use crate::conformance::{Place, conforms};
use crate::fakes::drive::Drive;

/// Two handles, as two processes would have.
fn handles(service: &Drive, address: &str) -> Place {
    let open = || google_drive::open(&format!("?base={address}"), Some(&service.tokens.account())).unwrap();
    vec![open(), open()]
}

#[tokio::test(flavor = "multi_thread")]
async fn google_drive_conforms() {
    conforms(|| async {
        let (service, address) = Drive::start().await;
        handles(&service, &address)
    })
    .await;
}
