//! The chain in its three forms.

use ::chain::ChainStart;
use ::chain::seen::inside::InsideSeen;
use account::map::{MapKind, MapResource, MapSnapshot};

use super::*;

fn seen() -> ChainSeen {
    let region = "eu-west-1";
    let domain = MapResource::new("dev.example.one");
    let snapshots = vec![
        MapSnapshot::of(MapKind::DomainName, region, vec![domain]),
        MapSnapshot::of(MapKind::DomainMapping, region, vec![]),
    ];
    let inside = InsideSeen::of(ChainStart::of("dev.example.one"), "/", snapshots);
    ChainSeen {
        at: "2024-12-20T12:00:00Z".parse().unwrap(),
        host: Some("dev.example.one".to_owned()),
        path: "/".to_owned(),
        outside: None,
        inside: Some(inside),
    }
}

#[test]
fn the_object_has_the_fields_that_are_documented_and_no_more() {
    let document = ChainDocument::of("https://dev.example.one/", &seen());
    let value = serde_json::to_value(&document).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&value), "hops phases_ms schema target verdict");
    assert_eq!(keys(&value["verdict"]), "evidence link next_step state summary until");
    assert_eq!(keys(&value["hops"][0]), "evidence link ms state");
    assert_eq!(keys(&value["phases_ms"]), "dns function tcp tls ttfb");
    assert_eq!((&value["verdict"]["link"], &value["verdict"]["state"]), (&"mapping".into(), &"broken".into()));
    assert_eq!(value["hops"].as_array().unwrap().len(), Link::ALL.len());
    assert_eq!(document.state(), HopState::Broken);
}

#[test]
fn the_page_has_one_verdict_one_next_step_and_colours_only_where_they_are_wanted() {
    let document = ChainDocument::of("https://dev.example.one/", &seen());
    let plain = page(&document, chrono_tz::UTC, false);
    assert!(plain.contains("BROKEN at mapping: the domain name dev.example.one is mapped to no API"), "{plain}");
    assert_eq!(plain.matches("\n  next: ").count(), 1, "{plain}");
    assert!(!plain.contains('\u{1b}'));
    assert!(page(&document, chrono_tz::UTC, true).contains("\u{1b}[31mx\u{1b}[0m"));
}

#[test]
fn texts_of_others_are_escaped_in_the_picture() {
    let document = ChainDocument::of("https://dev.example.one/<script>&\"\u{7}", &seen());
    let picture = picture(&document);
    assert!(picture.contains("/&lt;script&gt;&amp;") && !picture.contains("<script>"), "{picture}");
    assert!(!picture.contains('\u{7}'));
    assert!(picture.contains(">mapping</text>"), "{picture}");
}
