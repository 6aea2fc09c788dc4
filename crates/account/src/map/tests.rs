//! What counts as a change, who made it, and what a resource leads to.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn resource(id: &str, settings: &[(&str, &str)]) -> MapResource {
    let mut resource = MapResource::new(id);
    settings.iter().for_each(|(name, text)| resource.set(name, *text));
    resource
}

fn functions_of(all: &[MapResource]) -> MapSnapshot {
    MapSnapshot::of(MapKind::Function, "us-east-1", all.to_vec())
}

fn said(before: &MapSnapshot, after: &MapSnapshot) -> Vec<String> {
    let told = |change: Change| format!("{}: {}", change.key(), change.words());
    changes(before, after, at(0), at(15)).into_iter().map(told).collect()
}

#[test]
fn changes_are_told_by_resource_and_setting_and_the_unknown_is_none() {
    let a = resource("a", &[("memory", "512 MB"), ("code_sha256", "0123456789abcdef"), ("runtime", "python3.12")]);
    let mut b = resource("a", &[("memory", "256 MB"), ("code_sha256", "fedcba9876543210"), ("handler", "app.run")]);
    let known = functions_of(&[a.clone(), resource("old", &[])]);
    assert_eq!(
        said(&known, &functions_of(&[resource("new", &[]), b.clone()])),
        [
            "function/a: deploy: code_sha256 0123456789ab -> fedcba987654",
            "function/a: handler none -> app.run",
            "function/a: memory 512 MB -> 256 MB",
            "function/a: runtime python3.12 -> none",
            "function/new: created",
            "function/old: deleted",
        ]
    );
    b.settings = [("memory".to_owned(), None), ("code_sha256".to_owned(), None), ("runtime".to_owned(), None)].into();
    assert!(
        said(&functions_of(std::slice::from_ref(&a)), &functions_of(std::slice::from_ref(&b))).is_empty(),
        "unreadable is not changed"
    );
    assert!(said(&functions_of(&[b]), &functions_of(&[a])).is_empty(), "nor is what was unreadable before");
    let unknown = MapSnapshot::unknown(MapKind::Function, "us-east-1", "denied");
    for (before, after) in [(&known, &unknown), (&unknown, &known), (&unknown, &unknown)] {
        assert!(said(before, after).is_empty());
    }
    let elsewhere = MapSnapshot::of(MapKind::Function, "eu-west-1", vec![]);
    assert!(said(&known, &elsewhere).is_empty(), "another region is another account, as far as the map goes");
}

#[test]
fn tags_change_one_by_one_and_only_where_they_are_known() {
    let tagged = |tags: Option<&[(&str, &str)]>| {
        let tags: Option<BTreeMap<String, String>> =
            tags.map(|tags| tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        functions_of(&[MapResource { tags, ..MapResource::new("a") }])
    };
    let (none, some) = (tagged(None), tagged(Some(&[("team", "shop"), ("x", "1")])));
    assert_eq!(
        said(&some, &tagged(Some(&[("team", "web"), ("y", "")]))),
        ["function/a: tag team shop -> web", "function/a: tag x 1 -> none", "function/a: tag y none -> "]
    );
    assert!(said(&none, &some).is_empty() && said(&some, &none).is_empty());
}

#[test]
fn what_changes_by_itself_is_never_a_change() {
    let noted = |when: &str| {
        functions_of(&[MapResource { noted: [("last_read".into(), when.into())].into(), ..MapResource::new("a") }])
    };
    assert!(said(&noted("Monday"), &noted("Tuesday")).is_empty());
    let created = changes(&functions_of(&[]), &noted("Monday"), at(0), at(1));
    assert!(matches!(&created[0].what, ChangeBody::Created(resource) if resource.noted.is_empty()));
}

#[test]
fn parts_that_were_never_read_are_unknown_and_a_change_of_parts_has_their_own_time() {
    let part = |read: Option<i64>| SnapshotPart { read: read.map(at), mark: String::new() };
    let snapshot = |ids: &[&str], parts: &[(&str, Option<i64>)]| {
        let of = |id: &&str| MapResource { of: Some("f".into()), ..MapResource::new(*id) };
        let mut snapshot = MapSnapshot::of(MapKind::FunctionAlias, "us-east-1", ids.iter().map(of).collect());
        snapshot.parts = parts.iter().map(|(whole, read)| ((*whole).to_owned(), part(*read))).collect();
        snapshot
    };
    let live = snapshot(&["f:live"], &[("f", Some(3))]);
    assert!(said(&snapshot(&[], &[("f", None)]), &live).is_empty(), "it was not looked for before");
    assert!(said(&live, &snapshot(&[], &[("f", None)])).is_empty());
    assert_eq!(said(&snapshot(&[], &[]), &live), ["function_alias/f:live: created"], "its function is new too");
    let changed = changes(&live, &snapshot(&[], &[("f", Some(9))]), at(0), at(15));
    assert_eq!((changed[0].since, changed[0].until), (at(3), at(15)));
    let gone = changes(&live, &snapshot(&[], &[]), at(0), at(15));
    assert_eq!((gone[0].since, gone[0].until, &gone[0].functions), (at(3), at(15), &vec!["f".to_owned()]));
}

#[test]
fn a_long_text_is_cut_and_a_change_behind_the_cut_shows() {
    let long = |end: &str| functions_of(&[resource("a", &[("pattern", &format!("{}{end}", "é".repeat(400)))])]);
    assert_eq!(said(&long("1"), &long("2")).len(), 1);
    assert!(said(&long("1"), &long("1")).is_empty());
    let pretty = resource("a", &[("pattern", "{\n  \"source\": []\n}\u{1b}[0m")]);
    assert_eq!(pretty.setting("pattern"), Some("{   \"source\": [] }[0m"), "a setting is one line");
    assert!(long("1").resources[0].setting("pattern").unwrap().chars().count() < TEXT_LIMIT + 25);
}

#[test]
fn edges_follow_from_settings() {
    let arn = "arn:aws:lambda:us-east-1:1:function:shop";
    for (kind, found, expected) in [
        (
            MapKind::Function,
            resource(
                "shop",
                &[("log_group", "/aws/lambda/shop"), ("subnets", "subnet-1, subnet-2"), ("role", "arn:r")],
            ),
            vec!["log_group /aws/lambda/shop", "role arn:r", "subnet subnet-1", "subnet subnet-2"],
        ),
        (
            MapKind::RestStage,
            MapResource { of: Some("api".into()), ..resource("api/prod", &[]) },
            vec!["part_of rest_api/api"],
        ),
        (MapKind::Schedule, resource("s", &[("target", arn)]), vec!["calls arn:aws:lambda:us-east-1:1:function:shop"]),
        (
            MapKind::Certificate,
            resource("c", &[("names", "a.example, *.example")]),
            vec!["name a.example", "name *.example"],
        ),
        (MapKind::LambdaLimit, resource("x", &[("target", arn)]), vec![]),
    ] {
        let word =
            |edge: MapEdge| format!("{} {}", serde_json::to_value(edge.kind).unwrap().as_str().unwrap(), edge.to);
        assert_eq!(edges(kind, &found).into_iter().map(word).collect::<Vec<_>>(), expected, "{kind:?}");
    }
    for (kind, found, expected) in [
        (MapKind::Function, resource("shop", &[]), vec!["shop"]),
        (MapKind::LogGroup, resource("/aws/lambda/shop", &[]), vec!["shop"]),
        (MapKind::LogGroup, resource("/other", &[]), vec![]),
        (
            MapKind::RuleTarget,
            MapResource { of: Some("r".into()), ..resource("r/1", &[("target", arn)]) },
            vec!["shop"],
        ),
        (MapKind::FunctionUrl, MapResource { of: Some("shop".into()), ..resource("shop:live", &[]) }, vec!["shop"]),
    ] {
        assert_eq!(functions(kind, &found), expected, "{kind:?}");
    }
    for (text, name) in [
        (arn, Some("shop")),
        ("arn:aws-cn:lambda:cn-north-1:1:function:shop:live", Some("shop")),
        ("arn:aws:sqs:us-east-1:1:shop", None),
        ("arn:aws:lambda:us-east-1:1:layer:shop:1", None),
        ("arn:aws:lambda:us-east-1:1:function:", None),
        ("shop", None),
        ("", None),
    ] {
        assert_eq!(function_named(text), name, "{text}");
    }
}

#[test]
fn a_call_is_found_by_service_time_name_and_what_it_does() {
    let event = |minute: i64, call: &str, name: &str| TrailEvent {
        at: at(minute),
        service: "lambda.amazonaws.com".into(),
        call: call.into(),
        who: "soyoung".into(),
        names: vec![name.into()],
    };
    let before = functions_of(&[resource("shop", &[("memory", "512 MB")])]);
    let after = functions_of(&[resource("shop", &[("memory", "256 MB")])]);
    let change = changes(&before, &after, at(10), at(25)).remove(0);
    let update = "UpdateFunctionConfiguration20150331v2";
    for (events, expected) in [
        (vec![event(12, update, "shop")], Some(12)),
        (vec![event(12, update, "arn:aws:lambda:us-east-1:1:function:shop")], Some(12)),
        (vec![event(12, update, "shop"), event(20, update, "shop"), event(40, update, "shop")], Some(20)),
        (vec![event(12, update, "workshop")], None),
        (vec![event(12, "UpdateFunctionCode20150331v2", "shop")], None),
        (vec![event(12, "DeleteFunction20150331", "shop")], None),
        (vec![TrailEvent { service: "ecs.amazonaws.com".into(), ..event(12, update, "shop") }], None),
        (vec![event(1, update, "shop")], None),
        (vec![], None),
    ] {
        let by = attributed(&change, &events);
        assert_eq!(by.as_ref().map(|by| by.at), expected.map(at), "{events:?}");
        assert!(by.is_none_or(|by| by.call == "UpdateFunctionConfiguration" && by.who == "soyoung"));
    }
    let group = |call: &str, minute| TrailEvent { service: "logs.amazonaws.com".into(), ..event(minute, call, "/g") };
    let groups = |all: &[MapResource]| MapSnapshot::of(MapKind::LogGroup, "us-east-1", all.to_vec());
    let made = changes(&groups(&[]), &groups(&[MapResource::new("/g")]), at(10), at(25)).remove(0);
    let first = attributed(&made, &[group("CreateLogStream", 13), group("CreateLogGroup", 12)]).unwrap();
    assert_eq!(first.call, "CreateLogGroup", "what is new was made by the first call");
    let known = Change { by: attributed(&change, &[event(12, update, "shop")]), ..change.clone() };
    assert!(known.is_same(&change));
    assert_eq!(merged([change.clone(), known.clone(), change]), [known]);
}

/// What a snapshot becomes by changes: the reverse of [`changes`].
fn applied(before: &MapSnapshot, changes: &[Change]) -> MapSnapshot {
    let mut all: BTreeMap<String, MapResource> =
        before.resources.iter().map(|resource| (resource.id.clone(), resource.clone())).collect();
    for change in changes {
        match &change.what {
            ChangeBody::Created(resource) => drop(all.insert(change.id.clone(), (**resource).clone())),
            ChangeBody::Deleted => drop(all.remove(&change.id)),
            ChangeBody::Setting { name, to, .. } => {
                let settings = &mut all.get_mut(&change.id).unwrap().settings;
                match to {
                    Some(to) => drop(settings.insert(name.clone(), Some(to.clone()))),
                    None => drop(settings.remove(name)),
                }
            }
            ChangeBody::Tag { name, to, .. } => {
                let tags = all.get_mut(&change.id).unwrap().tags.as_mut().unwrap();
                match to {
                    Some(to) => drop(tags.insert(name.clone(), to.clone())),
                    None => drop(tags.remove(name)),
                }
            }
        }
    }
    MapSnapshot::of(before.kind, &before.region, all.into_values().collect())
}

/// Names and texts.
type Texts = BTreeMap<String, String>;

fn some_resources() -> impl Strategy<Value = Vec<MapResource>> {
    let texts = || prop::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..4);
    let one = (texts(), texts()).prop_map(|(settings, tags)| (settings, tags));
    prop::collection::btree_map("[a-f]", one, 0..6).prop_map(|all| {
        let resource = |(id, (settings, tags)): (String, (Texts, Texts))| {
            let settings = settings.into_iter().map(|(name, text)| (name, Some(text))).collect();
            MapResource { id, settings, tags: Some(tags), ..MapResource::default() }
        };
        all.into_iter().map(resource).collect()
    })
}

proptest! {
    #[test]
    fn the_changes_make_the_one_of_the_other_in_whatever_order_they_are_listed(
        a in some_resources(),
        b in some_resources(),
        seed in any::<u64>(),
    ) {
        let (before, after) = (functions_of(&a), functions_of(&b));
        let found = changes(&before, &after, at(0), at(15));
        prop_assert_eq!(&applied(&before, &found), &after);
        prop_assert!(changes(&after, &after, at(0), at(15)).is_empty());
        let mut turned = b;
        if !turned.is_empty() {
            let by = seed as usize % turned.len();
            turned.rotate_left(by);
        }
        let listed = MapSnapshot { resources: turned, ..after };
        prop_assert_eq!(changes(&before, &listed, at(0), at(15)), found);
    }
}
