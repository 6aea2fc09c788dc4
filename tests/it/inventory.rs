//! Inventories from emulated accounts, and from invalid responses.

use std::sync::Arc;

use account::inventory::{Inventory, ResourceKind, ResourceUsage, summary};
use alerting::history::History;
use alerting::observation::{Observation, ObservationBody};
use aws::{AwsClients, sdk};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use source::{PollOutput, Source};

use crate::support::stack::{Emulator, REGION};
use crate::support::webhook::{Reply, Webhook};
use crate::world::World;

/// Endpoints of single services, as a profile would name them.
#[derive(Debug)]
struct Elsewhere(Vec<(&'static str, String)>);

impl LoadServiceConfig for Elsewhere {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.iter().find(|(service, _)| *service == key.service_id()).map(|(_, url)| url.clone())
    }
}

fn noon() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().expect("a time")
}

/// A source of these kinds over an account at `main`, single services elsewhere.
fn source(
    kinds: &str,
    main: &str,
    elsewhere: Vec<(&'static str, String)>,
    clock: &Arc<SimulatedClock>,
) -> Box<dyn Source> {
    let text = format!(
        "[watch.things]\nevery = \"6h\"\nread.inventory = {{ kinds = {kinds} }}\n[receiver.x]\nvia.stdout = {{}}\n"
    );
    let config: MonitorConfig = parse(&text, &ConfigEnvironment::with(&[], ".".into()), noon())
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let keys = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
    let mut account = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(keys)
        .endpoint_url(main)
        .service_config(Elsewhere(elsewhere));
    // As the SDK's own loader says where an address came from.
    account.insert_origin("endpoint_url", aws_types::origin::Origin::shared_environment_variable());
    let account = account.build();
    let prices = Arc::new(aws::prices::PriceTable::built_in().expect("the built-in prices"));
    let account = AwsClients { prices, ..sdk::account(&account, Arc::clone(clock) as Arc<dyn Clock>) };
    config.watches.into_iter().next().expect("a watch").read.source("watch.things".to_owned(), &account)
}

fn clock() -> Arc<SimulatedClock> {
    Arc::new(SimulatedClock::starting_at(noon()))
}

/// One poll to its end.
async fn whole(mut source: Box<dyn Source>, clock: &SimulatedClock) -> PollOutput {
    let mut gathered = source.poll(clock.now()).await;
    while let Some(at) = gathered.go_on_at.take() {
        clock.wait_until(at, false).await;
        let more = source.go_on(clock.now()).await;
        gathered.observations.extend(more.observations);
        gathered.go_on_at = more.go_on_at;
    }
    gathered
}

fn inventories(gathered: &PollOutput) -> Vec<&Inventory> {
    let inventory = |observation| match observation {
        &Observation { what: ObservationBody::Inventory(ref inventory), .. } => Some(inventory),
        _ => None,
    };
    gathered.observations.iter().filter_map(inventory).collect()
}

fn failures(gathered: &PollOutput) -> Vec<&CallFailure> {
    let failure = |observation| match observation {
        &Observation { what: ObservationBody::Failed(ref failure), .. } => Some(failure),
        _ => None,
    };
    gathered.observations.iter().filter_map(failure).collect()
}

const VOLUMES: &str = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><volumeType>gp3</volumeType><size>100</size><status>available</status></item></volumeSet>TOKEN</DescribeVolumesResponse>";
const ADDRESSES: &str = "<DescribeAddressesResponse><addressesSet><item><publicIp>203.0.113.1</publicIp><allocationId>eipalloc-1</allocationId></item></addressesSet></DescribeAddressesResponse>";
const DENIED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors></Response>";
const THROTTLED: &str = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>";

fn page(token: &str) -> Reply {
    let token = if token.is_empty() { String::new() } else { format!("<nextToken>{token}</nextToken>") };
    Reply::status(200).body(&VOLUMES.replace("TOKEN", &token))
}

#[tokio::test]
async fn a_call_is_tried_again_where_that_may_help_and_never_for_ever() {
    let throttled = || Reply::status(503).body(THROTTLED);
    let endless: Vec<Reply> = (0..aws::paging::MAX_PAGES + 1).map(|n| page(&format!("t{n}"))).collect();
    for (replies, calls, waited_ms, ends) in [
        (vec![page("")], 1, 0, Ok(1)),
        (vec![page("a"), page("b"), page("")], 3, 0, Ok(3)),
        (vec![throttled(), Reply::status(500), page("")], 3, 500, Ok(1)),
        (vec![throttled()], 3, 1500, Err((FailureKind::Throttled, "RequestLimitExceeded: Request limit exceeded"))),
        (vec![Reply::status(500)], 3, 0, Err((FailureKind::Refused, "unreadable response (HTTP 500)"))),
        (vec![Reply::status(403).body(DENIED)], 1, 0, Err((FailureKind::Denied, "UnauthorizedOperation"))),
        (
            vec![Reply::status(200).body("<html><body>It works!</body></html>")],
            1,
            0,
            Err((FailureKind::Refused, "unreadable response")),
        ),
        (
            vec![Reply::status(200).body("<DescribeVolumesResponse><volumeSet><item>")],
            1,
            0,
            Err((FailureKind::Refused, "unreadable response")),
        ),
        (vec![Reply::Close], 1, 0, Err((FailureKind::NoAnswer, "the connection broke"))),
        (vec![page("a")], 2, 0, Err((FailureKind::Refused, "its pages do not end"))),
        (endless, aws::paging::MAX_PAGES, 0, Err((FailureKind::Refused, "its pages do not end"))),
    ] {
        let (server, clock) = (Webhook::start(replies), clock());
        let gathered = whole(source("[\"volumes\"]", &server.url(), vec![], &clock), &clock).await;
        let all = inventories(&gathered);
        assert_eq!(
            (server.requests().len(), (clock.now() - noon()).num_milliseconds(), all.len()),
            (calls, waited_ms, 1),
            "{gathered:?}"
        );
        match ends {
            Ok(volumes) => assert_eq!(
                (all[0].resources.len(), all[0].unknown.as_deref(), gathered.failed()),
                (volumes, None, false)
            ),
            Err((kind, said)) => {
                let failed = failures(&gathered);
                assert!(failed.len() == 1 && failed[0].kind == kind && failed[0].said.contains(said), "{failed:?}");
                assert!(
                    all[0].resources.is_empty()
                        && all[0].unknown.as_deref().is_some_and(|why| why.starts_with("ec2:DescribeVolumes: ")),
                    "{all:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_request_says_who_asks_for_what_and_is_signed() {
    let server = Webhook::start(vec![page("a b+c"), page("")]);
    source("[\"volumes\"]", &server.url(), vec![], &clock()).poll(noon()).await;
    let requests = server.requests();
    assert_eq!(requests[0].body, "Action=DescribeVolumes&Version=2016-11-15&MaxResults=500");
    assert_eq!(requests[1].body, "Action=DescribeVolumes&Version=2016-11-15&MaxResults=500&NextToken=a+b%2Bc");
    let authorization = requests[0].header("authorization").unwrap_or_default();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=test/20241220/ap-northeast-2/ec2/aws4_request, SignedHeaders=content-type;host;"),
        "{authorization}"
    );
}

#[tokio::test]
async fn a_kind_that_may_not_be_read_narrows_what_is_known_and_is_told_once() {
    let volumes_denied = vec![Reply::status(403).body(DENIED), Reply::status(200).body(ADDRESSES)];
    let (server, clock) = (Webhook::start(volumes_denied), clock());
    let gathered = source("[\"volumes\", \"addresses\"]", &server.url(), vec![], &clock).poll(noon()).await;
    let all = inventories(&gathered);
    assert_eq!(
        all.iter().map(|all| (all.kind, all.unknown.is_some(), all.resources.len())).collect::<Vec<_>>(),
        [(ResourceKind::Volume, true, 0), (ResourceKind::Address, false, 1)]
    );
    assert_eq!(
        failures(&gathered).iter().map(|failure| failure.call.as_str()).collect::<Vec<_>>(),
        ["ec2:DescribeVolumes"]
    );
    assert!(failures(&gathered)[0].next_step.contains("allow ec2:DescribeVolumes"), "{gathered:?}");

    let mut history = History::default();
    history.watch("watch.things", noon());
    gathered.observations.iter().for_each(|observation| history.record(observation));
    assert_eq!(history.unread_by("watch.things"), [ResourceKind::Volume]);
    assert_eq!(history.inventories_at(noon()).len(), 1);
}

#[tokio::test]
async fn since_when_an_address_belongs_to_nothing_is_known_across_restarts() {
    let server = Webhook::start(vec![Reply::status(200).body(ADDRESSES)]);
    let first = source("[\"addresses\"]", &server.url(), vec![], &clock()).poll(noon()).await;
    let mut again = source("[\"addresses\"]", &server.url(), vec![], &clock());
    again.restore(first.cursors.into_iter().collect());
    let later = noon() + TimeDelta::days(20);
    let second = again.poll(later).await;
    let ResourceUsage::Idle(idle) = &inventories(&second)[0].resources[0].usage else { panic!("{second:?}") };
    assert_eq!((idle.since, idle.sentence(later).as_str()), (noon(), "has not been associated for at least 20 days"));
    assert!(second.cursors.is_empty(), "nothing has changed: {:?}", second.cursors);
}

/// Creates the three databases of the story, each used as told: days from now on which anybody was connected.
async fn three_databases(rds: &Emulator, metrics: &Emulator) {
    for (name, used) in [("prod", 0..31), ("dev", 0..25), ("test", 0..0)] {
        let form = [
            ("Action", "CreateDBInstance"),
            ("Version", "2014-10-31"),
            ("DBInstanceIdentifier", name),
            ("DBInstanceClass", "db.t4g.micro"),
            ("Engine", "postgres"),
            ("AllocatedStorage", "20"),
            ("StorageType", "gp2"),
            ("MasterUsername", "someone"),
            ("MasterUserPassword", "a-password-of-nobody"),
        ];
        rds.query("rds", &form).await;
        for day in 0..31 {
            let at = (Utc::now() + TimeDelta::days(day)).format("%FT00:00:00Z").to_string();
            let form = [
                ("Action", "PutMetricData"),
                ("Version", "2010-08-01"),
                ("Namespace", "AWS/RDS"),
                ("MetricData.member.1.MetricName", "DatabaseConnections"),
                ("MetricData.member.1.Dimensions.member.1.Name", "DBInstanceIdentifier"),
                ("MetricData.member.1.Dimensions.member.1.Value", name),
                ("MetricData.member.1.Timestamp", &at),
                ("MetricData.member.1.Value", if used.contains(&day) { "3" } else { "0" }),
            ];
            metrics.query("monitoring", &form).await;
        }
    }
}

/// The databases of an emulator a month after they were made: one is used by nobody.
async fn check_databases(rds: &Emulator, metrics: &Emulator) {
    three_databases(rds, metrics).await;
    let later = Utc::now() + TimeDelta::days(30);
    let gathered = source("[\"rds_instances\"]", &metrics.url(), vec![("RDS", rds.url())], &clock()).poll(later).await;
    assert!(failures(&gathered).is_empty(), "{:?}", failures(&gathered));
    let all = inventories(&gathered);
    let said = summary("Amazon Relational Database Service", &all, later);
    // 730 hours at 0.025, and 20 GB at 0.131.
    assert_eq!(
        said.as_deref(),
        Some("3 x db.t4g.micro: dev, prod, test; test had no connections for 30 days: about 20.87 USD a month"),
        "{all:#?}"
    );
}

#[tokio::test]
async fn three_databases_of_ministack_are_found_and_one_is_idle() {
    let ministack = Emulator::ministack().await;
    check_databases(&ministack, &ministack).await;
}

#[tokio::test]
async fn three_databases_of_moto_are_found_and_one_is_idle() {
    let (moto, ministack) = tokio::join!(Emulator::moto(), Emulator::ministack());
    check_databases(&moto, &ministack).await;
}

/// The text of the first element of a name.
fn element(xml: &str, name: &str) -> String {
    let start = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest).unwrap_or_default();
    start.split('<').next().unwrap_or_default().to_owned()
}

async fn check_network(aws: &Emulator, metrics: &Emulator) {
    let ec2 = async |form: &[(&str, &str)]| aws.query("ec2", &[&[("Version", "2016-11-15")][..], form].concat()).await;
    let volume = element(
        &ec2(&[
            ("Action", "CreateVolume"),
            ("AvailabilityZone", "ap-northeast-2a"),
            ("Size", "100"),
            ("VolumeType", "gp3"),
        ])
        .await,
        "volumeId",
    );
    let address = element(&ec2(&[("Action", "AllocateAddress"), ("Domain", "vpc")]).await, "allocationId");
    let vpc = element(&ec2(&[("Action", "CreateVpc"), ("CidrBlock", "10.9.0.0/16")]).await, "vpcId");
    let subnet = element(
        &ec2(&[
            ("Action", "CreateSubnet"),
            ("VpcId", &vpc),
            ("CidrBlock", "10.9.1.0/24"),
            ("AvailabilityZone", "ap-northeast-2a"),
        ])
        .await,
        "subnetId",
    );
    let other = element(
        &ec2(&[
            ("Action", "CreateSubnet"),
            ("VpcId", &vpc),
            ("CidrBlock", "10.9.2.0/24"),
            ("AvailabilityZone", "ap-northeast-2c"),
        ])
        .await,
        "subnetId",
    );
    let way_out = element(&ec2(&[("Action", "AllocateAddress"), ("Domain", "vpc")]).await, "allocationId");
    let gateway = element(
        &ec2(&[("Action", "CreateNatGateway"), ("SubnetId", &subnet), ("AllocationId", &way_out)]).await,
        "natGatewayId",
    );
    let form = [
        ("Action", "CreateLoadBalancer"),
        ("Version", "2015-12-01"),
        ("Name", "web"),
        ("Type", "application"),
        ("Subnets.member.1", subnet.as_str()),
        ("Subnets.member.2", other.as_str()),
    ];
    let balancer = element(&aws.query("elasticloadbalancing", &form).await, "LoadBalancerArn");

    let elsewhere = vec![("EC2", aws.url()), ("Elastic Load Balancing v2", aws.url())];
    let kinds = "[\"volumes\", \"addresses\", \"nat_gateways\", \"load_balancers\"]";
    let later = Utc::now() + TimeDelta::days(20);
    let gathered = source(kinds, &metrics.url(), elsewhere, &clock()).poll(later).await;
    assert!(failures(&gathered).is_empty(), "{:?}", failures(&gathered));
    let found = |kind: ResourceKind, id: &str| {
        let all = inventories(&gathered).into_iter().find(|all| all.kind == kind).expect("the kind").clone();
        all.resources
            .into_iter()
            .find(|resource| resource.id == id)
            .unwrap_or_else(|| panic!("{kind:?} {id}: {gathered:#?}"))
    };
    let (volume, address) = (found(ResourceKind::Volume, &volume), found(ResourceKind::Address, &address));
    assert!(volume.idle().is_some() && address.idle().is_some(), "{volume:?} {address:?}");
    assert_eq!((volume.monthly_usd, address.monthly_usd), ("9.12".parse().ok(), "3.65".parse().ok()));
    let (gateway, balancer) = (found(ResourceKind::NatGateway, &gateway), found(ResourceKind::LoadBalancer, &balancer));
    // No point of its metric says anything of a gateway; of a balancer it says that there was no request.
    assert!(matches!(gateway.usage, ResourceUsage::Unknown(_)), "{gateway:?}");
    assert_eq!(
        (balancer.idle().map(|idle| idle.sentence(later)), balancer.note.as_str()),
        (Some("had no requests for 20 days".to_owned()), "no target is registered")
    );
}

#[tokio::test]
async fn volumes_addresses_gateways_and_balancers_of_moto_are_found() {
    let (moto, ministack) = tokio::join!(Emulator::moto(), Emulator::ministack());
    check_network(&moto, &ministack).await;
}

#[tokio::test]
async fn volumes_addresses_gateways_and_balancers_of_ministack_are_found() {
    let ministack = Emulator::ministack().await;
    check_network(&ministack, &ministack).await;
}

#[tokio::test]
async fn a_check_tries_every_call_of_the_kinds_that_are_read_and_no_other() {
    let world = World::new().await;
    world.configure("[watch.things]\nevery = \"6h\"\nread.inventory = { kinds = [\"rds_instances\", \"volumes\"] }\n");
    let output = world.monitor(&["check", "--live", "--format", "json"]).run();
    let looks: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    let tried = |call: &str| {
        looks["looks"]
            .as_array()
            .and_then(|all| all.iter().find(|look| look["what"] == call))
            .map(|look| look["fine"] == true)
    };
    for (call, expected) in
        [("rds:DescribeDBInstances", Some(true)), ("ec2:DescribeVolumes", Some(true)), ("ec2:DescribeAddresses", None)]
    {
        assert_eq!(tried(call), expected, "{call}: {looks:#}");
    }
}
