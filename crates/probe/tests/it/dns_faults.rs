//! Faults of DNS, from the registration to what authorities may issue.

use chain::HopState::{Broken, Waiting};
use chain::Link;
use hickory_proto::op::ResponseCode;

use crate::lab::names::{Behaviour, NameServer, Zone};
use crate::lab::web::{Web, json};
use crate::lab::{GATEWAY, Lab};

/// Each fault is asked of a laboratory of its own.
pub(crate) const FAULTS: &[(&str, fn())] = &[
    ("a domain that is held by its registrar", held),
    ("a suspended domain that the registry has taken out of the zone above", held_and_gone),
    ("a domain that is not registered", unregistered),
    ("servers that all refuse the zone", || lame(Behaviour::Code(ResponseCode::Refused))),
    ("servers that all fail", || lame(Behaviour::Code(ResponseCode::ServFail))),
    ("servers that have nothing of the zone", || lame(Behaviour::Empty)),
    ("name servers at the registrar that are not those of the zone", other_servers),
    ("name servers without an address", nameless_servers),
    ("one of two name servers that does not exist", one_nameless_server),
    ("a DS record that was left behind", ds_left_behind),
    ("a DS record of another key", ds_of_another_key),
    ("one server that refuses", || one_server(Behaviour::Code(ResponseCode::Refused))),
    ("one server that is silent", || one_server(Behaviour::Silent)),
    ("servers that are all silent", silent_zone),
    ("two zones of one name", two_zones),
    ("two zones of one name, each with a record of its own", two_zones_with_records),
    ("a server of before among the name servers at the registrar", one_server_of_before),
    ("a server that has not fetched the last change", older_zone),
    ("a record that is not there", no_record),
    ("a host with a text record alone", only_text),
    ("CNAMEs in a circle", circle),
    ("a CNAME whose target is gone", gone),
    ("a CNAME into a zone whose server refuses it", target_refused),
    ("a CNAME to which the provider has added the zone", doubled),
    ("a CNAME to the API itself", to_the_api),
    ("resolvers that remember a no", not_yet_visible),
    ("resolvers that remember the old target", old_target),
    ("CAA records that forbid Amazon", caa),
    ("CAA records that forbid wildcards", caa_wildcard),
];

fn held() {
    let mut lab = Lab::well();
    lab.rdap = Some(90);
    let answer = r#"{"objectClassName":"domain","status":["client transfer prohibited","client hold"],
        "events":[{"eventAction":"expiration","eventDate":"2031-01-01T00:00:00Z"}]}"#;
    lab.plain.push((90, Web::Plain(json(200, "", answer))));
    lab.expect(Link::Registration, Broken, "registrar has suspended example.one", "mail address is not");
}

fn held_and_gone() {
    let mut lab = Lab::well();
    lab.server(2).zones[0].remove("example.one");
    for at in [51, 52, 53] {
        lab.server(at).zones[0].remove("dev.example.one");
    }
    lab.rdap = Some(90);
    let answer = r#"{"objectClassName":"domain","status":["server hold"]}"#;
    lab.plain.push((90, Web::Plain(json(200, "", answer))));
    lab.expect(Link::Registration, Broken, "registry has suspended example.one", "Sign in at the registrar");
}

fn unregistered() {
    let mut lab = Lab::well();
    lab.server(2).zones[0].remove("example.one");
    for at in [51, 52, 53] {
        lab.server(at).zones[0].remove("dev.example.one");
    }
    lab.expect(Link::Delegation, Broken, "knows no `example.one`", "Look at example.one at the registrar");
}

fn lame(behaviour: Behaviour) {
    let mut lab = Lab::well();
    for at in [3, 4] {
        lab.server(at).behaviour = behaviour;
    }
    for at in [51, 52, 53] {
        lab.server(at).behaviour = Behaviour::Code(ResponseCode::ServFail);
    }
    lab.expect(Link::Delegation, Broken, "none of them holds the zone", "Set the name servers of `example.one`");
}

fn other_servers() {
    let mut lab = Lab::well();
    for at in [3, 4] {
        let zone = &mut lab.server(at).zones[0];
        zone.remove("example.one");
        zone.add("example.one 3600 NS ns-7.awsdns-1.com");
        zone.add("example.one 3600 NS ns-8.awsdns-2.net");
    }
    lab.expect(
        Link::Delegation,
        Broken,
        "the zone itself names ns-7.awsdns-1.com",
        "to ns-7.awsdns-1.com, ns-8.awsdns-2.net",
    );
}

fn nameless_servers() {
    let mut lab = Lab::well();
    let zone = &mut lab.server(2).zones[0];
    zone.remove("example.one");
    zone.add("example.one 3600 NS ns1.gone.example");
    for at in [51, 52, 53] {
        lab.server(at).zones[0].remove("dev.example.one");
    }
    lab.expect(Link::Delegation, Broken, "none of these names has an address", "Set name servers");
}

fn one_nameless_server() {
    let mut lab = Lab::well();
    for at in [2, 3, 4] {
        let zone = &mut lab.server(at).zones[0];
        zone.remove("example.one");
        zone.add("example.one 3600 NS ns1.example.one");
        zone.add("example.one 3600 NS ns2.gone.one");
    }
    lab.expect(Link::Zone, Broken, "1 of 2 servers of `example.one` does not exist: ns2.gone.one", "Take ns2.gone.one");
}

fn checking_resolvers(lab: &mut Lab) {
    for at in [51, 52, 53] {
        lab.server(at).behaviour = Behaviour::ChecksDnssec;
    }
}

fn ds_left_behind() {
    let mut lab = Lab::well();
    lab.server(2).zones[0].add("example.one 3600 DS 9 67 13 2 1 2 3 4");
    checking_resolvers(&mut lab);
    let seen =
        lab.expect(Link::Dnssec, Broken, "no key that fits", "Delete the DS record of `example.one` at the registrar");
    assert!(seen.outside.dns.resolvers.iter().any(|lookup| lookup.unchecked), "{:#?}", seen.outside.dns.resolvers);
}

fn ds_of_another_key() {
    let mut lab = Lab::well();
    lab.server(2).zones[0].add("example.one 3600 DS 9 67 13 2 1 2 3 4");
    for at in [3, 4] {
        lab.server(at).zones[0].add("example.one 3600 DNSKEY 1 1 3 13 7 7 7 7");
    }
    checking_resolvers(&mut lab);
    lab.expect(Link::Dnssec, Broken, "no key that fits", "Delete the DS record");
}

fn one_server(behaviour: Behaviour) {
    let mut lab = Lab::well();
    lab.server(4).behaviour = behaviour;
    lab.expect(
        Link::Zone,
        Broken,
        "1 of 2 servers of `example.one` does not answer for it: ns2.example.one",
        "Take ns2.example.one",
    );
}

fn silent_zone() {
    let mut lab = Lab::well();
    for at in [3, 4] {
        lab.server(at).behaviour = Behaviour::Silent;
    }
    for at in [51, 52, 53] {
        lab.server(at).behaviour = Behaviour::Code(ResponseCode::ServFail);
    }
    lab.expect(Link::Zone, Broken, "none of the 2 servers of `example.one` answers", "their port is open");
}

fn two_zones() {
    let mut lab = Lab::well();
    let zone = &mut lab.server(4).zones[0];
    zone.remove("dev.example.one");
    zone.start.0 = "ns9.parking.one".to_owned();
    lab.expect(Link::Zone, Broken, "two different zones of this name", "Decide for one zone");
}

fn older_zone() {
    let mut lab = Lab::well();
    let zone = &mut lab.server(4).zones[0];
    zone.remove("dev.example.one");
    zone.start.1 = 6;
    let seen = lab.expect(Link::Zone, Waiting, "different versions of it (6, 7)", "Wait");
    assert!(seen.verdict.hop.unwrap().until.is_some());
}

fn no_record() {
    let mut lab = Lab::well();
    lab.records(&[]);
    lab.expect(Link::Record, Broken, "dev.example.one does not exist in its zone", "name `dev`, type CNAME");
}

fn only_text() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 60 TXT hello"]);
    lab.expect(Link::Record, Broken, "no address and no CNAME", "name `dev`, type CNAME");
}

fn two_zones_with_records() {
    let mut lab = Lab::well();
    let zone = &mut lab.server(4).zones[0];
    zone.remove("dev.example.one");
    zone.add("dev.example.one 600 A @81");
    zone.start.0 = "ns9.parking.one".to_owned();
    lab.expect(Link::Zone, Broken, "their records of the host differ", "Decide for one zone");
}

fn one_server_of_before() {
    let mut lab = Lab::well();
    let zone = &mut lab.server(4).zones[0];
    zone.remove("example.one");
    zone.remove("dev.example.one");
    zone.add("example.one 3600 NS ns2.example.one");
    zone.add("dev.example.one 600 A @81");
    lab.expect(Link::Zone, Broken, "two different zones of this name", "Decide for one zone");
}

fn target_refused() {
    let mut lab = Lab::well();
    lab.server(6).behaviour = Behaviour::Code(ResponseCode::Refused);
    for at in [51, 52, 53] {
        lab.server(at).behaviour = Behaviour::Code(ResponseCode::ServFail);
    }
    lab.expect(
        Link::Record,
        Broken,
        "the servers of its zone do not answer for it",
        "monitor doctor d-abc.execute-api",
    );
}

fn circle() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 60 CNAME b.example.one", "b.example.one 60 CNAME dev.example.one"]);
    lab.expect(Link::Record, Broken, "lead in a circle", "type CNAME");
}

fn gone() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 60 CNAME d-old.execute-api.ap-northeast-2.amazonaws.com"]);
    lab.expect(
        Link::Record,
        Broken,
        "is a CNAME of d-old.execute-api.ap-northeast-2.amazonaws.com, which has no address",
        "was deleted",
    );
}

fn doubled() {
    let mut lab = Lab::well();
    lab.records(&[&format!("dev.example.one 60 CNAME {GATEWAY}.example.one")]);
    lab.expect(Link::Record, Broken, ".amazonaws.com.example.one, which has no address", "added the zone's name");
}

fn to_the_api() {
    let mut lab = Lab::well();
    let api = "a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com";
    lab.records(&[&format!("dev.example.one 60 CNAME {api}"), &format!("{api} 60 A @80")]);
    let certificate = lab.authority.leaf(&["*.execute-api.ap-northeast-2.amazonaws.com"]);
    lab.gateway(Web::tls(certificate, json(403, "", "{\"message\":\"Forbidden\"}")));
    lab.expect(Link::Record, Broken, "points to the API itself", "Make a custom domain name for dev.example.one");
}

fn not_yet_visible() {
    let mut lab = Lab::well();
    for at in [51, 52] {
        lab.server(at).zones = vec![Zone::new(".", &[])];
        lab.server(at).zones[0].start.2 = 1200;
    }
    let seen = lab.expect(
        Link::Propagation,
        Waiting,
        "visible at 1 of 3 resolvers; the others may say no until",
        "nothing to set",
    );
    let until = seen.verdict.hop.unwrap().until.unwrap() - crate::lab::now();
    assert!((1100..=1200).contains(&until.num_seconds()), "{until}");
}

fn old_target() {
    let mut lab = Lab::well();
    // Nothing listens any more where the old one led.
    let old = Zone::new(".", &["dev.example.one 600 CNAME old.parking.one", "old.parking.one 600 A @81"]);
    *lab.server(53) = NameServer::resolver(old);
    lab.expect(Link::Propagation, Waiting, "visible at 2 of 3 resolvers; the others may give the old answer", "Wait");
}

fn caa() {
    let mut lab = Lab::well();
    for at in [3, 4] {
        lab.server(at).zones[0].add("example.one 300 CAA issue letsencrypt.org");
    }
    lab.expect(Link::Caa, Broken, "CAA records of example.one do not allow Amazon", "CAA 0 issue \"amazon.com\"");
}

fn caa_wildcard() {
    let mut lab = Lab::well();
    for at in [3, 4] {
        lab.server(at).zones[0].add("example.one 300 CAA issue amazon.com");
        lab.server(at).zones[0].add("example.one 300 CAA issuewild ;");
    }
    lab.expect(Link::Caa, Broken, "do not allow Amazon", "CAA 0 issuewild \"amazon.com\"");
}
