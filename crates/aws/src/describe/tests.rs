//! Answers as AWS's reference shows them, and answers as nobody should send them.

use proptest::prelude::*;

use super::*;

#[test]
fn a_database_is_read_with_everything_that_its_price_hangs_on() {
    let xml = r#"<?xml version="1.0"?>
        <DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult>
          <Marker>next-page</Marker>
          <DBInstances>
            <DBInstance>
              <DBInstanceIdentifier>test</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:eu-west-1:1:db:test</DBInstanceArn><DBInstanceClass>db.t4g.micro</DBInstanceClass><Engine>postgres</Engine>
              <DBInstanceStatus>available</DBInstanceStatus><StorageType>gp2</StorageType><AllocatedStorage>20</AllocatedStorage><MultiAZ>false</MultiAZ>
              <InstanceCreateTime>2024-12-19T12:30:00.123Z</InstanceCreateTime>
              <DBSecurityGroups/><VpcSecurityGroups><VpcSecurityGroupMembership><Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups>
              <TagList><Tag><Key>stage</Key><Value>test</Value></Tag><Tag><Key>R&amp;D</Key><Value/></Tag></TagList>
            </DBInstance>
            <DBInstance><DBInstanceIdentifier>odd</DBInstanceIdentifier><AllocatedStorage/><MultiAZ/></DBInstance>
          </DBInstances>
        </DescribeDBInstancesResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeDBInstancesResponse>"#;
    let page = db_instances(xml).unwrap();
    let test = DbInstance {
        id: "test".into(),
        arn: "arn:aws:rds:eu-west-1:1:db:test".into(),
        class: "db.t4g.micro".into(),
        engine: "postgres".into(),
        state: "available".into(),
        storage_type: "gp2".into(),
        storage_gb: Some(20),
        multi_az: Some(false),
        created: Some("2024-12-19T12:30:00.123Z".parse().unwrap()),
        tags: [("stage".to_owned(), "test".to_owned()), ("R&D".to_owned(), String::new())].into(),
    };
    assert_eq!(
        (page.items, page.next.as_deref()),
        (vec![test, DbInstance { id: "odd".into(), ..DbInstance::default() }], Some("next-page"))
    );
}

#[test]
fn a_value_that_cannot_be_read_is_refused_with_its_element_and_not_left_out() {
    let database = |element: &str| {
        let xml = format!(
            "<R><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>x</DBInstanceIdentifier>{element}</DBInstance></DBInstances></DescribeDBInstancesResult></R>"
        );
        db_instances(&xml).map(|page| page.items.len()).map_err(|error| error.to_string())
    };
    for (element, said) in [
        ("", Ok(1)),
        ("<AllocatedStorage> 20 </AllocatedStorage>", Ok(1)),
        ("<AllocatedStorage>many</AllocatedStorage>", Err("`many` as AllocatedStorage")),
        ("<AllocatedStorage>-1</AllocatedStorage>", Err("`-1` as AllocatedStorage")),
        ("<MultiAZ>maybe</MultiAZ>", Err("`maybe` as MultiAZ")),
        ("<InstanceCreateTime>today</InstanceCreateTime>", Err("`today` as InstanceCreateTime")),
    ] {
        assert_eq!(database(element), said.map_err(str::to_owned), "{element}");
    }
    let volume = |element: &str| {
        let xml = format!("<R><volumeSet><item><volumeId>v</volumeId>{element}</item></volumeSet></R>");
        volumes(&xml).map(|page| page.items[0].gb).map_err(|error| error.to_string())
    };
    assert_eq!(volume("<size>8</size>"), Ok(Some(8)));
    assert_eq!(volume("<size>8 GB</size>"), Err("`8 GB` as size".to_owned()));
    assert_eq!(volume("<createTime>x</createTime>"), Err("`x` as createTime".to_owned()));
    let gateway =
        "<R><natGatewaySet><item><natGatewayId>n</natGatewayId><createTime>x</createTime></item></natGatewaySet></R>";
    assert_eq!(nat_gateways(gateway).map(drop).map_err(|error| error.to_string()), Err("`x` as createTime".to_owned()));
    let balancer = "<R><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>a</LoadBalancerArn><CreatedTime>x</CreatedTime></member></LoadBalancers></DescribeLoadBalancersResult></R>";
    assert_eq!(
        load_balancers(balancer).map(drop).map_err(|error| error.to_string()),
        Err("`x` as CreatedTime".to_owned())
    );
}

#[test]
fn what_ec2_lists_is_read_from_items() {
    let gateways = nat_gateways(
        "<DescribeNatGatewaysResponse><natGatewaySet><item><natGatewayId>nat-1</natGatewayId><state>available</state>
         <createTime>2024-12-15T00:00:00.000Z</createTime><connectivityType>public</connectivityType><natGatewayAddressSet><item><publicIp>203.0.113.1</publicIp></item>
         </natGatewayAddressSet><tagSet><item><key>Name</key><value>way out</value></item></tagSet></item></natGatewaySet></DescribeNatGatewaysResponse>",
    );
    let gateway = &gateways.unwrap().items[0];
    assert_eq!(
        (gateway.id.as_str(), gateway.connectivity.as_str(), gateway.tags["Name"].as_str()),
        ("nat-1", "public", "way out")
    );

    let all = addresses(
        "<DescribeAddressesResponse><addressesSet><item><publicIp>203.0.113.1</publicIp><allocationId>eipalloc-1</allocationId><domain>vpc</domain></item>
         <item><publicIp>203.0.113.2</publicIp><allocationId>eipalloc-2</allocationId><associationId>eipassoc-2</associationId></item>
         <item><publicIp>203.0.113.3</publicIp><instanceId/></item></addressesSet></DescribeAddressesResponse>",
    );
    let all: Vec<_> = all.unwrap().items.into_iter().map(|address| (address.id, address.attached)).collect();
    assert_eq!(
        all,
        [("eipalloc-1".to_owned(), false), ("eipalloc-2".to_owned(), true), ("203.0.113.3".to_owned(), false)]
    );

    let page = volumes(
        "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><size>8</size><status>available</status><volumeType>gp3</volumeType>
         <createTime>2024-12-15T00:00:00Z</createTime><attachmentSet/></item></volumeSet><nextToken>t</nextToken></DescribeVolumesResponse>",
    );
    let page = page.unwrap();
    assert_eq!((page.items[0].gb, page.items[0].class.as_str(), page.next.as_deref()), (Some(8), "gp3", Some("t")));
}

#[test]
fn what_elastic_load_balancing_lists_is_read_from_members() {
    let arn = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
    let page = load_balancers(&format!(
        "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>{arn}</LoadBalancerArn><LoadBalancerName>web</LoadBalancerName>
         <Type>application</Type><State><Code>active</Code></State><CreatedTime>2024-11-01T00:00:00.000Z</CreatedTime>
         <AvailabilityZones><member><ZoneName>a</ZoneName></member></AvailabilityZones></member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>"
    ));
    let balancer = &page.unwrap().items[0];
    assert_eq!(
        (balancer.arn.as_str(), balancer.class.as_str(), balancer.state.as_str()),
        (arn, "application", "active")
    );

    let groups = target_groups(
        "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member><TargetGroupArn>g</TargetGroupArn></member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>",
    );
    assert_eq!(groups.unwrap().items, ["g"]);
    let registered = |members: &str| {
        targets(&format!("<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{members}</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"))
            .map(|page| page.items.len())
            .unwrap()
    };
    let member = "<member><Target><Id>i-1</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State></TargetHealth></member>";
    assert_eq!((registered(""), registered(member), registered(&member.repeat(3))), (0, 1, 3));
}

#[test]
fn an_answer_without_its_list_is_no_answer() {
    for xml in [
        "",
        "not XML",
        "<html><body>Bad gateway</body></html>",
        "<DescribeVolumesResponse/>",
        "<DescribeVolumesResponse><volumeSet><item><size>8</size></item></volumeSet></DescribeVolumesResponse>",
        "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId>",
    ] {
        assert!(volumes(xml).is_err(), "{xml}");
    }
    assert!(
        volumes("<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>")
            .is_ok_and(|page| page.items.is_empty()),
        "no volume is an answer"
    );
}

/// Words of the answers, in no order.
const PIECES: &[&str] = &[
    "<DescribeDBInstancesResponse>",
    "</DescribeDBInstancesResponse>",
    "<DescribeDBInstancesResult>",
    "</DescribeDBInstancesResult>",
    "<DBInstances>",
    "</DBInstances>",
    "<DBInstance>",
    "</DBInstance>",
    "<DBInstanceIdentifier>a</DBInstanceIdentifier>",
    "<volumeSet>",
    "</volumeSet>",
    "<item>",
    "</item>",
    "<volumeId>v</volumeId>",
    "<tagSet>",
    "<key>",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&nothing;",
    "&#0;",
    "<!--",
    "-->",
    "<?xml",
    "?>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "\u{0}",
    "<",
    ">",
    "\"",
    "é",
];

proptest! {
    #[test]
    fn no_text_makes_the_reading_panic(text in any::<String>(), pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        read_all(&text);
        read_all(&pieces.concat());
    }
}
