//! Parses the responses of the describe calls of RDS, EC2 and Elastic Load Balancing.
//!
//! A value that is missing or unreadable is unknown; a page without its list is an error.
//! - <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html>
//! - <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html>, `API_DescribeAddresses`,
//!   `API_DescribeVolumes`
//! - <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html>,
//!   `API_DescribeTargetGroups`, `API_DescribeTargetHealth`

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ResultPage;
use super::query::{QueryCall, QueryClient, QueryService};
use super::resources::{DbInstance, EbsVolume, ElasticIp, LoadBalancer, NatGateway, ResourcesApi, Tags};

const RDS: QueryService = QueryService { name: "rds", id: "RDS", version: "2014-10-31", token: "Marker" };
const EC2: QueryService = QueryService { name: "ec2", id: "EC2", version: "2016-11-15", token: "NextToken" };
const BALANCERS: QueryService = QueryService {
    name: "elasticloadbalancing",
    id: "Elastic Load Balancing v2",
    version: "2015-12-01",
    token: "Marker",
};

#[async_trait]
impl ResourcesApi for QueryClient {
    async fn db_instances(&self) -> Result<Vec<DbInstance>, CallFailure> {
        let parameters = &[("MaxRecords", "100")];
        self.pages(
            &QueryCall {
                service: &RDS,
                action: "DescribeDBInstances",
                parameters,
                resource: "the account's databases",
            },
            db_instances,
        )
        .await
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CallFailure> {
        let parameters = &[("MaxResults", "1000")];
        self.pages(
            &QueryCall {
                service: &EC2,
                action: "DescribeNatGateways",
                parameters,
                resource: "the account's NAT gateways",
            },
            nat_gateways,
        )
        .await
    }

    async fn addresses(&self) -> Result<Vec<ElasticIp>, CallFailure> {
        self.pages(
            &QueryCall {
                service: &EC2,
                action: "DescribeAddresses",
                parameters: &[],
                resource: "the account's addresses",
            },
            addresses,
        )
        .await
    }

    async fn volumes(&self) -> Result<Vec<EbsVolume>, CallFailure> {
        let parameters = &[("MaxResults", "500")];
        self.pages(
            &QueryCall { service: &EC2, action: "DescribeVolumes", parameters, resource: "the account's volumes" },
            volumes,
        )
        .await
    }

    async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, CallFailure> {
        let parameters = &[("PageSize", "400")];
        self.pages(
            &QueryCall {
                service: &BALANCERS,
                action: "DescribeLoadBalancers",
                parameters,
                resource: "the account's load balancers",
            },
            load_balancers,
        )
        .await
    }

    async fn target_groups(&self, load_balancer: &str) -> Result<Vec<String>, CallFailure> {
        let parameters = &[("LoadBalancerArn", load_balancer)];
        self.pages(
            &QueryCall { service: &BALANCERS, action: "DescribeTargetGroups", parameters, resource: load_balancer },
            target_groups,
        )
        .await
    }

    async fn targets(&self, group: &str) -> Result<usize, CallFailure> {
        let parameters = &[("TargetGroupArn", group)];
        Ok(self
            .pages(
                &QueryCall { service: &BALANCERS, action: "DescribeTargetHealth", parameters, resource: group },
                targets,
            )
            .await?
            .len())
    }
}

/// An element whose children are all of the same kind: `item` in EC2, `member` in Elastic Load Balancing, the thing's
/// own name in RDS.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct XmlList<T> {
    #[serde(rename = "item", alias = "member", alias = "DBInstance", alias = "Tag", default = "Vec::new")]
    all: Vec<T>,
}

impl<T> Default for XmlList<T> {
    fn default() -> Self {
        Self { all: vec![] }
    }
}

/// The text of an element; empty where it is absent.
type XmlText = String;

/// What the text of an element means; `None` where it is empty.
///
/// # Errors
/// If it is something else, with the element and the text: left out, it would be taken for what AWS does not tell.
fn optional<T>(
    element: &str,
    text: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, quick_xml::DeError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    read(text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("`{text}` as {element}")))
}

fn time(element: &str, text: &str) -> Result<Option<DateTime<Utc>>, quick_xml::DeError> {
    optional(element, text, |text| DateTime::parse_from_rfc3339(text).ok().map(Into::into))
}

fn number(element: &str, text: &str) -> Result<Option<u32>, quick_xml::DeError> {
    optional(element, text, |text| text.parse().ok())
}

fn yes_or_no(element: &str, text: &str) -> Result<Option<bool>, quick_xml::DeError> {
    optional(element, text, |text| text.parse().ok())
}

fn each<A, B>(
    all: XmlList<A>,
    read: impl Fn(A) -> Result<B, quick_xml::DeError>,
) -> Result<Vec<B>, quick_xml::DeError> {
    all.all.into_iter().map(read).collect()
}

#[derive(Debug, Deserialize)]
struct TagXml {
    #[serde(rename = "key", alias = "Key", default)]
    key: XmlText,
    #[serde(rename = "value", alias = "Value", default)]
    value: XmlText,
}

fn tags(list: XmlList<TagXml>) -> Tags {
    list.all.into_iter().filter(|tag| !tag.key.is_empty()).map(|tag| (tag.key, tag.value)).collect()
}

#[derive(Debug, Deserialize)]
struct DbInstancesXml {
    #[serde(rename = "DescribeDBInstancesResult")]
    result: DbInstancesResult,
}

#[derive(Debug, Deserialize)]
struct DbInstancesResult {
    #[serde(rename = "DBInstances")]
    instances: XmlList<DbInstanceXml>,
    #[serde(rename = "Marker")]
    marker: Option<XmlText>,
}

#[derive(Debug, Deserialize)]
struct DbInstanceXml {
    #[serde(rename = "DBInstanceIdentifier")]
    id: XmlText,
    #[serde(rename = "DBInstanceArn", default)]
    arn: XmlText,
    #[serde(rename = "DBInstanceClass", default)]
    class: XmlText,
    #[serde(rename = "Engine", default)]
    engine: XmlText,
    #[serde(rename = "DBInstanceStatus", default)]
    state: XmlText,
    #[serde(rename = "StorageType", default)]
    storage_type: XmlText,
    #[serde(rename = "AllocatedStorage", default)]
    storage_gb: XmlText,
    #[serde(rename = "MultiAZ", default)]
    multi_az: XmlText,
    #[serde(rename = "InstanceCreateTime", default)]
    created: XmlText,
    #[serde(rename = "TagList", default)]
    tags: XmlList<TagXml>,
}

fn db_instances(xml: &str) -> Result<ResultPage<DbInstance>, quick_xml::DeError> {
    let read: DbInstancesXml = quick_xml::de::from_str(xml)?;
    let instance = |read: DbInstanceXml| {
        Ok(DbInstance {
            id: read.id,
            arn: read.arn,
            class: read.class,
            engine: read.engine,
            state: read.state,
            storage_type: read.storage_type,
            storage_gb: number("AllocatedStorage", &read.storage_gb)?,
            multi_az: yes_or_no("MultiAZ", &read.multi_az)?,
            created: time("InstanceCreateTime", &read.created)?,
            tags: tags(read.tags),
        })
    };
    Ok(ResultPage { items: each(read.result.instances, instance)?, next: read.result.marker })
}

#[derive(Debug, Deserialize)]
struct NatGatewaysXml {
    #[serde(rename = "natGatewaySet")]
    gateways: XmlList<NatGatewayXml>,
    #[serde(rename = "nextToken")]
    next: Option<XmlText>,
}

#[derive(Debug, Deserialize)]
struct NatGatewayXml {
    #[serde(rename = "natGatewayId")]
    id: XmlText,
    #[serde(default)]
    state: XmlText,
    #[serde(rename = "connectivityType", default)]
    connectivity: XmlText,
    #[serde(rename = "createTime", default)]
    created: XmlText,
    #[serde(rename = "tagSet", default)]
    tags: XmlList<TagXml>,
}

fn nat_gateways(xml: &str) -> Result<ResultPage<NatGateway>, quick_xml::DeError> {
    let read: NatGatewaysXml = quick_xml::de::from_str(xml)?;
    let gateway = |read: NatGatewayXml| {
        Ok(NatGateway {
            id: read.id,
            state: read.state,
            connectivity: read.connectivity,
            created: time("createTime", &read.created)?,
            tags: tags(read.tags),
        })
    };
    Ok(ResultPage { items: each(read.gateways, gateway)?, next: read.next })
}

#[derive(Debug, Deserialize)]
struct AddressesXml {
    #[serde(rename = "addressesSet")]
    addresses: XmlList<AddressXml>,
}

#[derive(Debug, Deserialize)]
struct AddressXml {
    #[serde(rename = "publicIp")]
    ip: XmlText,
    #[serde(rename = "allocationId", default)]
    id: XmlText,
    #[serde(rename = "associationId", default)]
    association: XmlText,
    #[serde(rename = "instanceId", default)]
    instance: XmlText,
    #[serde(rename = "networkInterfaceId", default)]
    interface: XmlText,
    #[serde(rename = "tagSet", default)]
    tags: XmlList<TagXml>,
}

fn addresses(xml: &str) -> Result<ResultPage<ElasticIp>, quick_xml::DeError> {
    let read: AddressesXml = quick_xml::de::from_str(xml)?;
    let address = |read: AddressXml| ElasticIp {
        attached: [&read.association, &read.instance, &read.interface].iter().any(|id| !id.is_empty()),
        id: if read.id.is_empty() { read.ip.clone() } else { read.id },
        ip: read.ip,
        tags: tags(read.tags),
    };
    Ok(ResultPage { items: read.addresses.all.into_iter().map(address).collect(), next: None })
}

#[derive(Debug, Deserialize)]
struct VolumesXml {
    #[serde(rename = "volumeSet")]
    volumes: XmlList<VolumeXml>,
    #[serde(rename = "nextToken")]
    next: Option<XmlText>,
}

#[derive(Debug, Deserialize)]
struct VolumeXml {
    #[serde(rename = "volumeId")]
    id: XmlText,
    #[serde(rename = "volumeType", default)]
    class: XmlText,
    #[serde(default)]
    size: XmlText,
    #[serde(rename = "status", default)]
    state: XmlText,
    #[serde(rename = "createTime", default)]
    created: XmlText,
    #[serde(rename = "tagSet", default)]
    tags: XmlList<TagXml>,
}

fn volumes(xml: &str) -> Result<ResultPage<EbsVolume>, quick_xml::DeError> {
    let read: VolumesXml = quick_xml::de::from_str(xml)?;
    let volume = |read: VolumeXml| {
        Ok(EbsVolume {
            id: read.id,
            class: read.class,
            gb: number("size", &read.size)?,
            state: read.state,
            created: time("createTime", &read.created)?,
            tags: tags(read.tags),
        })
    };
    Ok(ResultPage { items: each(read.volumes, volume)?, next: read.next })
}

#[derive(Debug, Deserialize)]
struct LoadBalancersXml {
    #[serde(rename = "DescribeLoadBalancersResult")]
    result: LoadBalancersResult,
}

#[derive(Debug, Deserialize)]
struct LoadBalancersResult {
    #[serde(rename = "LoadBalancers")]
    balancers: XmlList<LoadBalancerXml>,
    #[serde(rename = "NextMarker")]
    next: Option<XmlText>,
}

#[derive(Debug, Deserialize)]
struct LoadBalancerXml {
    #[serde(rename = "LoadBalancerArn")]
    arn: XmlText,
    #[serde(rename = "LoadBalancerName", default)]
    name: XmlText,
    #[serde(rename = "Type", default)]
    class: XmlText,
    #[serde(rename = "State", default)]
    state: StateXml,
    #[serde(rename = "CreatedTime", default)]
    created: XmlText,
}

#[derive(Debug, Default, Deserialize)]
struct StateXml {
    #[serde(rename = "Code", default)]
    code: XmlText,
}

fn load_balancers(xml: &str) -> Result<ResultPage<LoadBalancer>, quick_xml::DeError> {
    let read: LoadBalancersXml = quick_xml::de::from_str(xml)?;
    let balancer = |read: LoadBalancerXml| {
        Ok(LoadBalancer {
            arn: read.arn,
            name: read.name,
            class: read.class,
            state: read.state.code,
            created: time("CreatedTime", &read.created)?,
        })
    };
    Ok(ResultPage { items: each(read.result.balancers, balancer)?, next: read.result.next })
}

#[derive(Debug, Deserialize)]
struct TargetGroupsXml {
    #[serde(rename = "DescribeTargetGroupsResult")]
    result: TargetGroupsResult,
}

#[derive(Debug, Deserialize)]
struct TargetGroupsResult {
    #[serde(rename = "TargetGroups")]
    groups: XmlList<TargetGroupXml>,
    #[serde(rename = "NextMarker")]
    next: Option<XmlText>,
}

#[derive(Debug, Deserialize)]
struct TargetGroupXml {
    #[serde(rename = "TargetGroupArn")]
    arn: XmlText,
}

fn target_groups(xml: &str) -> Result<ResultPage<String>, quick_xml::DeError> {
    let read: TargetGroupsXml = quick_xml::de::from_str(xml)?;
    Ok(ResultPage {
        items: read.result.groups.all.into_iter().map(|group| group.arn).collect(),
        next: read.result.next,
    })
}

#[derive(Debug, Deserialize)]
struct TargetHealthXml {
    #[serde(rename = "DescribeTargetHealthResult")]
    result: TargetHealthResult,
}

#[derive(Debug, Deserialize)]
struct TargetHealthResult {
    #[serde(rename = "TargetHealthDescriptions")]
    targets: XmlList<TargetXml>,
}

/// A target; that it is there is all that is wanted.
#[derive(Debug, Deserialize)]
struct TargetXml {}

fn targets(xml: &str) -> Result<ResultPage<()>, quick_xml::DeError> {
    let read: TargetHealthXml = quick_xml::de::from_str(xml)?;
    Ok(ResultPage { items: read.result.targets.all.into_iter().map(|TargetXml {}| ()).collect(), next: None })
}

/// Parses a text as every kind of response, for fuzzing.
#[doc(hidden)]
pub fn read_all(xml: &str) -> usize {
    let read = [
        db_instances(xml).map(|page| page.items.len()),
        nat_gateways(xml).map(|page| page.items.len()),
        addresses(xml).map(|page| page.items.len()),
        volumes(xml).map(|page| page.items.len()),
        load_balancers(xml).map(|page| page.items.len()),
        target_groups(xml).map(|page| page.items.len()),
        targets(xml).map(|page| page.items.len()),
    ];
    read.into_iter().flatten().sum()
}

#[cfg(test)]
mod tests;
