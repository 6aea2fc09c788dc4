//! What a poll makes of what is there, of what may not be read, and of prices of the user's own.

use std::sync::Mutex;

use account::inventory::ResourceUsage;
use aws::recorded::Recording;
use aws::resources::{DbInstance, EbsVolume, ElasticIp, LoadBalancer, NatGateway, ResourcesApi};
use clock::SimulatedClock;

use super::*;

const NOON: &str = "2024-12-20T12:00:00Z";

fn noon() -> DateTime<Utc> {
    NOON.parse().unwrap()
}

/// An account with a volume that is attached to nothing, an address that belongs to nothing and a gateway that is gone.
#[derive(Default)]
struct Things {
    /// How every call fails, if it does.
    failing: Option<FailureKind>,
    /// Whether volumes alone may not be read.
    no_volumes: bool,
    asked: Mutex<Vec<&'static str>>,
}

impl Things {
    fn answer<T>(&self, call: &'static str, items: Vec<T>) -> Result<Vec<T>, CallFailure> {
        self.asked.lock().unwrap().push(call);
        let failing =
            if self.no_volumes && call == "ec2:DescribeVolumes" { Some(FailureKind::Denied) } else { self.failing };
        let failure = |kind| CallFailure {
            call: call.to_owned(),
            resource: String::new(),
            kind,
            said: "no".to_owned(),
            next_step: String::new(),
        };
        failing.map_or(Ok(items), |kind| Err(failure(kind)))
    }
}

#[async_trait]
impl ResourcesApi for Things {
    async fn db_instances(&self) -> Result<Vec<DbInstance>, CallFailure> {
        self.answer("rds:DescribeDBInstances", vec![])
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CallFailure> {
        self.answer(
            "ec2:DescribeNatGateways",
            vec![NatGateway { id: "nat-1".into(), state: "deleted".into(), ..NatGateway::default() }],
        )
    }

    async fn addresses(&self) -> Result<Vec<ElasticIp>, CallFailure> {
        self.answer("ec2:DescribeAddresses", vec![ElasticIp { id: "eipalloc-1".into(), ..ElasticIp::default() }])
    }

    async fn volumes(&self) -> Result<Vec<EbsVolume>, CallFailure> {
        let volume = |id: &str, gb, state: &str| EbsVolume {
            id: id.into(),
            class: "gp3".into(),
            gb,
            state: state.into(),
            ..EbsVolume::default()
        };
        self.answer(
            "ec2:DescribeVolumes",
            vec![volume("vol-2", None, "in-use"), volume("vol-1", Some(100), "available")],
        )
    }

    async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, CallFailure> {
        self.answer("elasticloadbalancing:DescribeLoadBalancers", vec![])
    }

    async fn target_groups(&self, _load_balancer: &str) -> Result<Vec<String>, CallFailure> {
        Ok(vec![])
    }

    async fn targets(&self, _group: &str) -> Result<usize, CallFailure> {
        Ok(0)
    }
}

fn account(things: &Arc<Things>, prices: PriceTable) -> AwsClients {
    let recording = Recording::parse("region = \"us-east-1\"\nbill = []\n").unwrap();
    let account = recording.account(Arc::new(SimulatedClock::starting_at(noon())), noon());
    AwsClients { resources: things.clone(), prices: Arc::new(prices), ..account }
}

fn source(things: &Arc<Things>, kinds: &[ResourceKind], prices: PriceTable) -> impl Source {
    let settings = InventorySettings { kinds: kinds.to_vec(), idle_after: Span::days(14), functions: vec![] };
    settings.source("watch.things".to_owned(), &account(things, prices))
}

/// The inventories that were read, the calls that failed, and whether the source has answered.
fn read(gathered: PollOutput) -> (Vec<Inventory>, Vec<CallFailure>, bool) {
    let (mut inventories, mut failures, mut answered) = (vec![], vec![], false);
    for observation in gathered.observations {
        match observation.what {
            ObservationBody::Inventory(inventory) => inventories.push(inventory),
            ObservationBody::Failed(failure) => failures.push(failure),
            ObservationBody::Answered => answered = true,
            other => panic!("{other:?}"),
        }
    }
    (inventories, failures, answered)
}

/// What the volume costs in a month by the prices of a file, `None` for no file.
async fn price_of_the_volume(own: Option<&str>) -> Option<String> {
    let prices = match own {
        None => PriceTable::built_in().unwrap(),
        Some(usd) => {
            let file = tempfile::NamedTempFile::new().unwrap();
            let row = "[[resource]]\nkind = \"volume\"\nclass = \"gp3\"\nregion = \"us-east-1\"\nunit = \"gb_month\"\nread = \"2026-11-01\"\nsource = \"us\"\n";
            std::fs::write(file.path(), format!("{row}usd = \"{usd}\"\n")).unwrap();
            PriceTable::with_file(file.path()).unwrap()
        }
    };
    let things = Arc::new(Things::default());
    let (inventories, ..) = read(source(&things, &[ResourceKind::Volume], prices).poll(noon()).await);
    let volume = inventories[0].resources.iter().find(|volume| volume.id == "vol-1").unwrap();
    volume.monthly_usd.map(|usd| usd.normalize().to_string())
}

#[tokio::test]
async fn a_price_of_the_users_own_is_what_an_idle_resource_costs() {
    assert_eq!(price_of_the_volume(None).await.as_deref(), Some("8"));
    assert_eq!(price_of_the_volume(Some("0.05")).await.as_deref(), Some("5"));
}

#[tokio::test]
async fn things_come_in_order_with_what_is_unknown_left_unknown() {
    let things = Arc::new(Things::default());
    let kinds = [ResourceKind::Volume, ResourceKind::NatGateway, ResourceKind::Address];
    let (inventories, failures, answered) =
        read(source(&things, &kinds, PriceTable::built_in().unwrap()).poll(noon()).await);
    assert!(failures.is_empty() && answered);
    let volumes: Vec<(&str, bool, bool)> = inventories[0]
        .resources
        .iter()
        .map(|volume| (volume.id.as_str(), volume.usage == ResourceUsage::Used, volume.monthly_usd.is_some()))
        .collect();
    assert_eq!(volumes, [("vol-1", false, true), ("vol-2", true, false)], "a size that is not known gives no price");
    assert!(
        inventories[1].resources.is_empty() && inventories[1].unknown.is_none(),
        "a gateway that is gone is not paid for"
    );
    assert_eq!(inventories[2].resources.len(), 1);
}

#[tokio::test]
async fn a_kind_that_may_not_be_read_only_narrows_what_is_known() {
    let things = Arc::new(Things { no_volumes: true, ..Things::default() });
    let kinds = [ResourceKind::Volume, ResourceKind::Address];
    let (inventories, failures, answered) = read(source(&things, &kinds, PriceTable::default()).poll(noon()).await);
    assert_eq!((failures.len(), answered), (1, false));
    assert_eq!(inventories[0].unknown.as_deref(), Some("ec2:DescribeVolumes: no"));
    assert!(inventories[1].unknown.is_none() && inventories[1].resources.len() == 1);
}

#[tokio::test]
async fn without_credentials_no_further_kind_is_asked_and_all_are_unknown() {
    for (kind, calls) in [(FailureKind::NoCredentials, 1), (FailureKind::BadCredentials, 1), (FailureKind::Denied, 3)] {
        let things = Arc::new(Things { failing: Some(kind), ..Things::default() });
        let kinds = [ResourceKind::Volume, ResourceKind::Address, ResourceKind::NatGateway];
        let (inventories, failures, answered) = read(source(&things, &kinds, PriceTable::default()).poll(noon()).await);
        assert_eq!((things.asked.lock().unwrap().len(), failures.len(), answered), (calls, calls, false), "{kind:?}");
        assert!(inventories.len() == 3 && inventories.iter().all(|inventory| inventory.unknown.is_some()), "{kind:?}");
    }
}

#[tokio::test]
async fn since_when_a_thing_is_idle_is_remembered_across_a_restart() {
    let things = Arc::new(Things::default());
    let first = source(&things, &[ResourceKind::Address], PriceTable::default()).poll(noon()).await;
    let cursors: BTreeMap<String, String> = first.cursors.into_iter().collect();
    for (cursors, since) in [
        (cursors, noon()),
        (BTreeMap::new(), noon() + chrono::TimeDelta::days(3)),
        // A cursor that cannot be read is as good as none, and is logged.
        (
            [("addresses".to_owned(), "?".to_owned()), ("address".to_owned(), "?".to_owned())].into(),
            noon() + chrono::TimeDelta::days(3),
        ),
    ] {
        let mut again = source(&things, &[ResourceKind::Address], PriceTable::default());
        again.restore(cursors);
        let (inventories, ..) = read(again.poll(noon() + chrono::TimeDelta::days(3)).await);
        let ResourceUsage::Idle(idle) = &inventories[0].resources[0].usage else { panic!("{inventories:?}") };
        assert_eq!((idle.since, idle.at_least), (since, true));
    }
}
