//! The store in iCloud.

use onestep_api::store::documents::icloud;

use crate::conformance::conforms;
use crate::fakes::cloudkit::CloudKit;

#[tokio::test(flavor = "multi_thread")]
async fn icloud_conforms() {
    conforms(|| async {
        let (service, address) = CloudKit::start().await;
        let open = || icloud::open(&service.rest(&address)).unwrap();
        vec![open(), open()]
    })
    .await;
}
