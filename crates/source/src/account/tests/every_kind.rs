//! What each kind makes of an answer as AWS documents it, of pages, and of answers that lack what they must have.

use account::map::MapKind;
use model::call_failure::FailureKind;

use super::{Fake, lines, read, read_with};
use crate::account::MapStop;

const SHOP: &str = "arn:aws:lambda:us-east-1:1:function:shop";
const LIST: &str = "lambda:ListFunctions /2015-03-31/functions?MaxItems=50";
const ONE: &str = r#"{"Functions":[{"FunctionName":"shop","FunctionArn":"arn:aws:lambda:us-east-1:1:function:shop","LastModified":"1"}]}"#;

/// A kind with answers gives these lines.
async fn check(kind: MapKind, answers: &[(&str, &str)], expected: &[&str]) {
    let fake = Fake::of(answers);
    let snapshot = read(kind, &fake).await.unwrap_or_else(|stop| panic!("{kind:?}: {stop:?}"));
    assert_eq!(lines(&snapshot), expected, "{kind:?}");
    assert!(
        snapshot.resources.iter().all(|one| one.of.is_some() == (kind.whole().is_some() || !snapshot.parts.is_empty()))
    );
    // The calls that were made are among those that the kind names.
    for call in fake.take() {
        let (action, _) = call.split_once(' ').unwrap();
        assert!(super::super::kinds::calls_of(kind).contains(&action), "{kind:?} does not name {action}");
    }
}

/// A kind with answers fails, and says the call and the field.
async fn refused(kind: MapKind, answers: &[(&str, &str)], call: &str, said: &str) {
    match read(kind, &Fake::of(answers)).await {
        Err(MapStop::Failed(failure)) => {
            assert!(failure.call == call && failure.said.contains(said), "{kind:?}: {failure}");
        }
        other => panic!("{kind:?}: {other:?}"),
    }
}

#[tokio::test]
async fn functions_with_their_settings_and_never_a_value_of_their_environment() {
    let full = format!(
        r#"{{"Functions":[{{"FunctionName":"shop","FunctionArn":"{SHOP}","Runtime":"python3.12","Role":"arn:aws:iam::1:role/shop","Handler":"app.run",
        "Timeout":3,"MemorySize":512,"CodeSha256":"abc","LastModified":"2024-12-20T10:00:00.000+0000","Architectures":["arm64"],"PackageType":"Zip","State":"Active",
        "VpcConfig":{{"SubnetIds":["subnet-2","subnet-1"],"SecurityGroupIds":["sg-1"],"VpcId":"vpc-1"}},"TracingConfig":{{"Mode":"Active"}},
        "Layers":[{{"Arn":"arn:layer:2","CodeSize":1}},{{"Arn":"arn:layer:1"}}],"EphemeralStorage":{{"Size":1024}},"DeadLetterConfig":{{"TargetArn":"arn:aws:sqs:us-east-1:1:dead"}},
        "SnapStart":{{"ApplyOn":"None","OptimizationStatus":"Off"}},"LoggingConfig":{{"LogFormat":"JSON","LogGroup":"/shop"}},
        "Environment":{{"Variables":{{"URL":"s3cr3t-value","DB":"arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf","KEY":"prod/key","TEXT":"arn:aws:secretsmanager:x and more"}}}}}}],"NextMarker":"m"}}"#
    );
    let odd = r#"{"Functions":[{"FunctionName":"odd","FunctionArn":"arn:aws:lambda:us-east-1:1:function:odd","MemorySize":"much","Layers":[{}],"VpcConfig":{"SubnetIds":[],"SecurityGroupIds":[]},"Environment":{"Error":{"ErrorCode":"AccessDenied"}}}]}"#;
    let secrets = r#"{"SecretList":[{"Name":"prod/key","ARN":"arn:aws:secretsmanager:us-east-1:1:secret:prod/key-AAAAAA"},{"Name":"other","ARN":"arn:x"}]}"#;
    let second = format!("{LIST}&Marker=m");
    let answers = [(LIST, full.as_str()), (second.as_str(), odd), ("secretsmanager:ListSecrets", secrets)];
    let odd = "odd; environment=?; environment_digest=?; layers=?; log_group=/aws/lambda/odd; memory=?; secrets=?; secrets_by_name=?";
    let shop = "shop; architecture=arm64; code_sha256=abc; dead_letter=arn:aws:sqs:us-east-1:1:dead; environment=DB, KEY, TEXT, URL; environment_digest=#; \
        ephemeral_storage=1024 MB; handler=app.run; layers=arn:layer:2, arn:layer:1; log_format=JSON; log_group=/shop; memory=512 MB; package_type=Zip; \
        role=arn:aws:iam::1:role/shop; runtime=python3.12; secrets=arn:aws:secretsmanager:us-east-1:1:secret:db-AbCdEf; BY_NAMEsecurity_groups=sg-1; snap_start=None; \
        subnets=subnet-1, subnet-2; timeout=3 s; tracing=Active; (last_modified 2024-12-20T10:00:00.000+0000); (state Active)";
    for (kinds, by_name) in [
        (&[MapKind::Function][..], "secrets_by_name=?; "),
        (
            &[MapKind::Secret, MapKind::Function],
            "secrets_by_name=arn:aws:secretsmanager:us-east-1:1:secret:prod/key-AAAAAA; ",
        ),
    ] {
        let snapshot = read_with(MapKind::Function, &Fake::of(&answers), kinds, None).await.unwrap();
        assert_eq!(lines(&snapshot), [odd, &shop.replace("BY_NAME", by_name)]);
        let kept = serde_json::to_string(&snapshot).unwrap();
        assert!(
            !kept.contains("s3cr3t-value") && !kept.contains("and more") && !kept.contains("\"prod/key\""),
            "{kept}"
        );
    }
    // Secrets that may not be read: which names mean one is unknown, and everything else is known.
    let denied = Fake::of(&answers);
    denied.answer("secretsmanager:ListSecrets", Err(FailureKind::Denied));
    let snapshot = read_with(MapKind::Function, &denied, &[MapKind::Secret, MapKind::Function], None).await.unwrap();
    assert_eq!(lines(&snapshot)[1], shop.replace("BY_NAME", "secrets_by_name=?; "));
    refused(
        MapKind::Function,
        &[(LIST, r#"{"Functions":[{"FunctionArn":"x"}]}"#)],
        "lambda:ListFunctions",
        "`FunctionName`",
    )
    .await;
    refused(MapKind::Function, &[(LIST, r#"{"NextMarker":null}"#)], "lambda:ListFunctions", "no list `Functions`")
        .await;
    refused(MapKind::Function, &[(LIST, "<html>")], "lambda:ListFunctions", "unreadable response").await;
    let endless = format!("{LIST}&Marker=");
    let again = r#"{"Functions":[],"NextMarker":"a"}"#;
    refused(MapKind::Function, &[(LIST, again), (&endless, again)], "lambda:ListFunctions", "its pages do not end")
        .await;
}

#[tokio::test]
async fn kinds_that_one_list_tells_all_of() {
    check(
        MapKind::LogGroup,
        &[
            (r#"logs:DescribeLogGroups {"limit":50}"#, r#"{"logGroups":[{"logGroupName":"/aws/lambda/a#$b","arn":"arn:g:*","retentionInDays":30,"logGroupClass":"STANDARD","storedBytes":5}],"nextToken":"t"}"#),
            (r#"logs:DescribeLogGroups {"limit":50,"nextToken":"t"}"#, r#"{"logGroups":[{"logGroupName":"/b"}]}"#),
        ],
        &["/aws/lambda/a#$b; class=STANDARD; retention=30 days", "/b; retention=none"],
    )
    .await;
    check(
        MapKind::Secret,
        &[("secretsmanager:ListSecrets", r#"{"SecretList":[{"Name":"prod/db=+.@-","ARN":"arn:s","RotationEnabled":true,"LastChangedDate":1734696000.1,"LastAccessedDate":1734652800.0,"DeletedDate":"2024-12-27T00:00:00Z","Tags":[{"Key":"team","Value":"shop"}]}]}"#)],
        &["prod/db=+.@-; deleted=2024-12-27T00:00:00Z; last_changed=2024-12-20T12:00:00Z; rotation=yes; tag team=shop; (last_accessed 2024-12-20T00:00:00Z)"],
    )
    .await;
    refused(
        MapKind::Secret,
        &[("secretsmanager:", r#"{"SecretList":[{"Name":"x"}]}"#)],
        "secretsmanager:ListSecrets",
        "`ARN`",
    )
    .await;
    check(
        MapKind::Certificate,
        &[("acm:ListCertificates", r#"{"CertificateSummaryList":[{"CertificateArn":"arn:aws:acm:us-east-1:1:certificate/c-1","DomainName":"shop.example","SubjectAlternativeNameSummaries":["shop.example","*.shop.example"],"HasAdditionalSubjectAlternativeNames":false,"Status":"ISSUED","Type":"AMAZON_ISSUED","KeyAlgorithm":"RSA-2048","InUse":true,"NotAfter":1766232000}]}"#)],
        &["c-1; expires=2025-12-20T12:00:00Z; has_more_names=no; key_algorithm=RSA-2048; name=shop.example; names=*.shop.example, shop.example; status=ISSUED; type=AMAZON_ISSUED; (in_use yes)"],
    )
    .await;
    check(
        MapKind::EventSourceMapping,
        &[("lambda:ListEventSourceMappings /2015-03-31/event-source-mappings?MaxItems=100", &format!(r#"{{"EventSourceMappings":[{{"UUID":"u-1","FunctionArn":"{SHOP}:live","EventSourceArn":"arn:aws:sqs:us-east-1:1:q","State":"Enabled","BatchSize":10,"FilterCriteria":{{"Filters":[{{"Pattern":"{{}}"}}]}},"DestinationConfig":{{"OnFailure":{{"Destination":"arn:d"}}}},"Topics":["b","a"]}}]}}"#))],
        &[&format!(r#"u-1; batch_size=10; filters={{"Filters":[{{"Pattern":"{{}}"}}]}}; function={SHOP}:live; on_failure=arn:d; source=arn:aws:sqs:us-east-1:1:q; state=Enabled; topics=a, b"#)],
    )
    .await;
    check(
        MapKind::LambdaLimit,
        &[("lambda:GetAccountSettings", r#"{"AccountLimit":{"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":900,"TotalCodeSize":80530636800},"AccountUsage":{"FunctionCount":4,"TotalCodeSize":5}}"#)],
        &["account; code_storage_bytes=80530636800; concurrency=1000; unreserved_concurrency=900; (code_bytes 5); (functions 4)"],
    )
    .await;
    refused(
        MapKind::LambdaLimit,
        &[("lambda:GetAccountSettings", "{}")],
        "lambda:GetAccountSettings",
        "`AccountLimit`",
    )
    .await;
}

const APIS: &str = "apigateway:GET /restapis?limit=500";
const HTTP: &str = "apigateway:GET /v2/apis?maxResults=100";
const STAGES: &str = r#"{"item":[{"stageName":"prod","deploymentId":"d-1","tracingEnabled":false,"variables":{"TABLE":"hidden-value"},"methodSettings":{"*/*":{"throttlingRateLimit":5}},"accessLogSettings":{"destinationArn":"arn:log","format":"x"},"tags":{"a":"b"}}]}"#;

#[tokio::test]
async fn rest_apis_with_stages_and_what_their_methods_call() {
    let apis = (
        APIS,
        r#"{"item":[{"id":"api1","name":"Shop API","endpointConfiguration":{"types":["REGIONAL"]},"disableExecuteApiEndpoint":false,"policy":"{}","tags":{"team":"shop"}}],"position":"p"}"#,
    );
    let more = ("apigateway:GET /restapis?limit=500&position=p", r#"{"item":[{"id":"api2"}]}"#);
    check(
        MapKind::RestApi,
        &[apis, more],
        &["api1; endpoint=REGIONAL; name=Shop API; no_default_endpoint=no; policy_digest=#; tag team=shop", "api2"],
    )
    .await;
    check(MapKind::RestApi, &[(APIS, "{}")], &[]).await;
    refused(MapKind::RestApi, &[(APIS, r#"{"_embedded":{"item":{"id":"x"}}}"#)], "apigateway:GET", "no list `item`")
        .await;
    let (stages, gone) = (("apigateway:GET /restapis/api1/stages?", STAGES), "apigateway:GET /restapis/api2/stages?");
    let answers = [apis, more, stages, (gone, "")];
    let fake = Fake::of(&answers);
    fake.answer(gone, Err(FailureKind::NotFound));
    let snapshot = read(MapKind::RestStage, &fake).await.unwrap();
    assert_eq!(
        lines(&snapshot),
        [
            "api1/prod; access_log=arn:log; deployment=d-1; method_settings_digest=#; tracing=no; variables=TABLE; variables_digest=#; tag a=b"
        ],
        "an API that is gone by then has no stages"
    );
    assert!(!serde_json::to_string(&snapshot).unwrap().contains("hidden-value"));
    let methods = format!(
        r#"{{"item":[{{"id":"r1","path":"/"}},{{"id":"r2","path":"/items/{{id}}","resourceMethods":{{"GET":{{"authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{{"type":"AWS_PROXY","uri":"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{SHOP}/invocations","timeoutInMillis":29000}}}},"OPTIONS":{{}}}}}}]}}"#
    );
    let call = "apigateway:GET /restapis/api1/resources?limit=500&embed=methods";
    let fake = Fake::of(&[apis, more, stages, (gone, ""), (call, &methods)]);
    fake.answer(gone, Err(FailureKind::NotFound));
    let first = read(MapKind::RestIntegration, &fake).await.unwrap();
    assert_eq!(
        lines(&first),
        [
            &format!(
                "api1/GET /items/{{id}}; api_key=no; authorization=NONE; target={SHOP}; timeout=29000 ms; type=AWS_PROXY"
            ),
            "api1/OPTIONS /items/{id}"
        ]
    );
    // They are read again when the stage serves another deployment.
    for (deployment, asks) in [("d-1", false), ("d-2", true)] {
        fake.answer("apigateway:GET /restapis/api1/stages?", Ok(STAGES.replace("d-1", deployment)));
        fake.take();
        let again = read_with(MapKind::RestIntegration, &fake, &[], Some(&first)).await.unwrap();
        assert_eq!(fake.take().contains(&call.to_owned()), asks, "{deployment}");
        assert_eq!(again.resources, first.resources);
    }
}

#[tokio::test]
async fn http_apis_with_stages_routes_and_integrations() {
    let apis = (
        HTTP,
        r#"{"items":[{"apiId":"h1","name":"shop","protocolType":"HTTP","routeSelectionExpression":"x","apiEndpoint":"https://h1","corsConfiguration":{"maxAge":1},"tags":{}}],"nextToken":"n"}"#,
    );
    let more = ("apigateway:GET /v2/apis?maxResults=100&nextToken=n", r#"{"items":[]}"#);
    check(MapKind::HttpApi, &[apis, more], &["h1; cors_digest=#; endpoint=https://h1; name=shop; protocol=HTTP"]).await;
    let stages = (
        "apigateway:GET /v2/apis/h1/stages?",
        r#"{"items":[{"stageName":"$default","autoDeploy":true,"deploymentId":"d","lastUpdatedDate":"2024-12-20T10:00:00Z","defaultRouteSettings":{"throttlingBurstLimit":5},"stageVariables":{"A":"hidden"}}]}"#,
    );
    check(
        MapKind::HttpStage,
        &[apis, more, stages],
        &["h1/$default; auto_deploy=yes; deployment=d; throttling_burst=5; variables=A; variables_digest=#"],
    )
    .await;
    let integrations = format!(
        r#"{{"items":[{{"integrationId":"i1","integrationType":"AWS_PROXY","integrationUri":"{SHOP}","payloadFormatVersion":"2.0","timeoutInMillis":30000}}]}}"#
    );
    check(
        MapKind::HttpIntegration,
        &[apis, more, stages, ("apigateway:GET /v2/apis/h1/integrations?", &integrations)],
        &[&format!("h1/i1; payload_format=2.0; target={SHOP}; timeout=30000 ms; type=AWS_PROXY")],
    )
    .await;
    check(
        MapKind::HttpRoute,
        &[apis, more, stages, ("apigateway:GET /v2/apis/h1/routes?", r#"{"items":[{"routeId":"r","routeKey":"GET /a/{b}","target":"integrations/i1","authorizationType":"NONE"},{"routeKey":"$default"}]}"#)],
        &["h1/$default", "h1/GET /a/{b}; authorization=NONE; integration=http_integration/h1/i1"],
    )
    .await;
}

#[tokio::test]
async fn domain_names_of_both_interfaces_and_what_they_map_to() {
    let newer = (
        "apigateway:GET /v2/domainnames?maxResults=100",
        r#"{"items":[{"domainName":"*.shop.example","domainNameConfigurations":[{"certificateArn":"arn:c","apiGatewayDomainName":"d-1","endpointType":"REGIONAL","securityPolicy":"TLS_1_2","domainNameStatus":"AVAILABLE"}],"tags":{"a":"b"}}]}"#,
    );
    let older = (
        "apigateway:GET /domainnames?limit=500",
        r#"{"item":[{"domainName":"*.shop.example","regionalCertificateArn":"arn:c","endpointConfiguration":{"types":["REGIONAL"]}},{"domainName":"edge.example","certificateArn":"arn:e","distributionDomainName":"cf","endpointConfiguration":{"types":["EDGE"]}}]}"#,
    );
    check(
        MapKind::DomainName,
        &[newer, older],
        &[
            "*.shop.example; address=d-1; certificate=arn:c; endpoint=REGIONAL; security_policy=TLS_1_2; status=AVAILABLE; tag a=b",
            "edge.example; address=cf; certificate=arn:e; endpoint=EDGE",
        ],
    )
    .await;
    check(
        MapKind::DomainMapping,
        &[
            newer,
            older,
            ("apigateway:GET /v2/domainnames/%2A.shop.example/apimappings?", r#"{"items":[{"apiId":"h1","apiMappingId":"m","apiMappingKey":"v1/a","stage":"$default"},{"apiId":"api1","stage":"prod"}]}"#),
            ("apigateway:GET /domainnames/edge.example/basepathmappings?", r#"{"item":[{"basePath":"(none)","restApiId":"api1","stage":"prod"}]}"#),
        ],
        &["*.shop.example/; stage=api1/prod", "*.shop.example/v1/a; stage=h1/$default", "edge.example/; stage=api1/prod"],
    )
    .await;
}

#[tokio::test]
async fn rules_on_all_buses_and_schedules_with_their_targets() {
    let buses = (
        "events:ListEventBuses",
        r#"{"EventBuses":[{"Name":"default","Arn":"a"},{"Name":"aws.partner/x/y","Arn":"b"}]}"#,
    );
    let rules = (
        r#"events:ListRules {"EventBusName":"default","Limit":100}"#,
        r#"{"Rules":[{"Name":"nightly","Arn":"arn:r1","ScheduleExpression":"rate(1 day)","State":"ENABLED"}]}"#,
    );
    let partner = (
        r#"events:ListRules {"EventBusName":"aws.partner/x/y","Limit":100}"#,
        r#"{"Rules":[{"Name":"in","Arn":"arn:r2","EventPattern":"{\"source\":[\"x\"]}","State":"DISABLED","RoleArn":"arn:role"}]}"#,
    );
    check(
        MapKind::EventRule,
        &[buses, rules, partner],
        &[
            r#"aws.partner/x/y/in; pattern={"source":["x"]}; role=arn:role; state=DISABLED"#,
            "nightly; schedule=rate(1 day); state=ENABLED",
        ],
    )
    .await;
    check(
        MapKind::RuleTarget,
        &[
            buses,
            rules,
            partner,
            (r#"events:ListTargetsByRule {"EventBusName":"default","Limit":100,"Rule":"nightly"}"#, &format!(r#"{{"Targets":[{{"Id":"1","Arn":"{SHOP}","Input":"{{\"token\":\"hidden\"}}","RetryPolicy":{{"MaximumRetryAttempts":2}}}}]}}"#)),
            (r#"events:ListTargetsByRule {"EventBusName":"aws.partner/x/y","Limit":100,"Rule":"in"}"#, r#"{"Targets":[]}"#),
        ],
        &[&format!("nightly/1; input_digest=#; retries=2; target={SHOP}")],
    )
    .await;
    check(
        MapKind::Schedule,
        &[
            ("scheduler:ListSchedules /schedules?MaxResults=100", r#"{"Schedules":[{"Name":"n-1.x_y","GroupName":"default","State":"ENABLED","LastModificationDate":1},{"Name":"n","GroupName":"g"}]}"#),
            ("scheduler:GetSchedule /schedules/n-1.x_y?groupName=default", &format!(r#"{{"Name":"n-1.x_y","ScheduleExpression":"cron(0 9 * * ? *)","ScheduleExpressionTimezone":"Asia/Seoul","State":"ENABLED","FlexibleTimeWindow":{{"Mode":"OFF"}},"Target":{{"Arn":"{SHOP}","RoleArn":"arn:role","Input":"hidden"}}}}"#)),
            ("scheduler:GetSchedule /schedules/n?groupName=g", r#"{"ScheduleExpression":"rate(1 hour)","Target":{"Arn":"arn:x","RoleArn":"r"},"EndDate":1734696000}"#),
        ],
        &[
            "g/n; ends=2024-12-20T12:00:00Z; role=r; schedule=rate(1 hour); target=arn:x",
            &format!("n-1.x_y; flexible=OFF; input_digest=#; role=arn:role; schedule=cron(0 9 * * ? *); state=ENABLED; target={SHOP}; zone=Asia/Seoul"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_belongs_to_a_function_is_read_function_by_function() {
    let call = "lambda:GetPolicy /2015-03-31/functions/shop/policy?";
    let policy = r#"{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"api\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"apigateway.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:api\"}}},{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"lambda:InvokeFunctionUrl\"}]}","RevisionId":"r"}"#;
    check(
        MapKind::FunctionPolicy,
        &[(LIST, ONE), (call, policy)],
        &[r#"shop; statement 1=Allow lambda:InvokeFunctionUrl to *; statement api=Allow lambda:InvokeFunction to {"Service":"apigateway.amazonaws.com"} if {"ArnLike":{"AWS:SourceArn":"arn:api"}}"#],
    )
    .await;
    let none = Fake::of(&[(LIST, ONE)]);
    none.answer(call, Err(FailureKind::NotFound));
    let snapshot = read(MapKind::FunctionPolicy, &none).await.unwrap();
    assert!(snapshot.resources.is_empty() && !snapshot.is_unread(Some("shop")), "a function without a policy is known");
    refused(MapKind::FunctionPolicy, &[(LIST, ONE), (call, r#"{"Policy":"{}"}"#)], "lambda:GetPolicy", "`Statement`")
        .await;
    check(
        MapKind::FunctionUrl,
        &[(LIST, ONE), ("lambda:ListFunctionUrlConfigs /2021-10-31/functions/shop/urls?", &format!(r#"{{"FunctionUrlConfigs":[{{"FunctionUrl":"https://x/","FunctionArn":"{SHOP}:live","AuthType":"NONE","Cors":{{"AllowOrigins":["*"]}}}}]}}"#))],
        &[r#"shop:live; authorization=NONE; cors={"AllowOrigins":["*"]}; url=https://x/"#],
    )
    .await;
    check(
        MapKind::FunctionAlias,
        &[(LIST, ONE), ("lambda:ListAliases /2015-03-31/functions/shop/aliases?", r#"{"Aliases":[{"Name":"live","AliasArn":"arn:a","FunctionVersion":"3","RoutingConfig":{"AdditionalVersionWeights":{"4":0.1}}},{"Name":"old","FunctionVersion":"1"}]}"#)],
        &["shop:live; also=4: 0.1; version=3", "shop:old; version=1"],
    )
    .await;
    let provisioned = format!(
        r#"{{"ProvisionedConcurrencyConfigs":[{{"FunctionArn":"{SHOP}:live","RequestedProvisionedConcurrentExecutions":5}}]}}"#
    );
    check(
        MapKind::FunctionConcurrency,
        &[
            (LIST, ONE),
            (
                "lambda:GetFunctionConcurrency /2019-09-30/functions/shop/concurrency?",
                r#"{"ReservedConcurrentExecutions":10}"#,
            ),
            (
                "lambda:ListProvisionedConcurrencyConfigs /2019-09-30/functions/shop/provisioned-concurrency?List=ALL",
                &provisioned,
            ),
        ],
        &["shop; provisioned live=5; reserved=10"],
    )
    .await;
}

#[tokio::test]
async fn zones_and_the_records_that_point_to_something() {
    let zones = (
        "route53:ListHostedZones /2013-04-01/hostedzone?maxitems=100",
        "<ListHostedZonesResponse><HostedZones><HostedZone><Id>/hostedzone/Z1</Id><Name>shop.example.</Name><Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>3</ResourceRecordSetCount></HostedZone></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>",
    );
    check(MapKind::DnsZone, &[zones], &["Z1; name=shop.example; private=no"]).await;
    let page = |records: &str, end: &str| {
        format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{records}</ResourceRecordSets>{end}</ListResourceRecordSetsResponse>"
        )
    };
    let first = page(
        "<ResourceRecordSet><Name>shop.example.</Name><Type>NS</Type><TTL>1</TTL></ResourceRecordSet><ResourceRecordSet><Name>api.shop.example.</Name><Type>A</Type><AliasTarget><DNSName>d-1.</DNSName></AliasTarget></ResourceRecordSet>",
        "<IsTruncated>true</IsTruncated><NextRecordName>www.shop.example.</NextRecordName><NextRecordType>CNAME</NextRecordType>",
    );
    let second = page(
        "<ResourceRecordSet><Name>www.shop.example.</Name><Type>CNAME</Type><SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>shop.example</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>",
        "<IsTruncated>false</IsTruncated>",
    );
    let of_zone = "route53:ListResourceRecordSets /2013-04-01/hostedzone/Z1/rrset?maxitems=300";
    let next = format!("{of_zone}&name=www.shop.example.&type=CNAME");
    check(
        MapKind::DnsRecord,
        &[zones, (of_zone, &first), (&next, &second)],
        &[
            "Z1/api.shop.example A; name=api.shop.example; target=d-1",
            "Z1/www.shop.example CNAME a; name=www.shop.example; target=shop.example; ttl=60; weight=1",
        ],
    )
    .await;
    refused(MapKind::DnsZone, &[(zones.0, "<html>")], "route53:ListHostedZones", "unreadable response").await;
}

#[test]
fn every_call_has_a_price_and_a_check() {
    let prices = aws::prices::PriceTable::built_in().unwrap();
    // These have a check of their own, since other sources make them too.
    let checked = [
        "lambda:ListFunctions",
        "lambda:GetAccountSettings",
        "lambda:ListProvisionedConcurrencyConfigs",
        "logs:DescribeLogGroups",
    ];
    for (_, kind) in MapKind::ALL {
        for call in super::super::kinds::calls_of(*kind).iter().chain(&[super::super::trail::CALL]) {
            assert!(prices.call(call).is_some(), "{call} has no price");
            let probed = aws::describing::probe(call).is_some_and(|probe| probe.action == *call);
            assert!(probed || checked.contains(call), "{call} has no check");
        }
    }
}
