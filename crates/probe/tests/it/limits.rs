//! Every fault is named, and the limits of time and of questions hold.

use std::sync::atomic::Ordering;

use chain::HopState;
use chain::target::ChainTarget;
use probe::{ProbeOptions, ProbeSettings, Prober};

use crate::lab::names::{Behaviour, NameServer, Zone};
use crate::lab::web::{Web, json};
use crate::lab::{Lab, NAMED, run};
use crate::{dns_faults, page_faults, tls_faults};

/// How many faults there have to be.
const AT_LEAST: usize = 50;

#[test]
fn every_fault_is_named_by_its_link_its_state_and_its_next_step() {
    let all: Vec<&(&str, fn())> =
        dns_faults::FAULTS.iter().chain(tls_faults::FAULTS).chain(page_faults::FAULTS).collect();
    // Most of the time is waiting for servers that are silent.
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let threads: Vec<_> = all.chunks(4).map(|some| scope.spawn(move || failed(some))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    println!("{} of {} faults are named", all.len() - failed.len(), all.len());
    assert!(failed.is_empty(), "not named as they should be: {failed:#?}");
    assert!(all.len() >= AT_LEAST && NAMED.load(Ordering::Relaxed) >= all.len());
}

fn failed<'a>(faults: &[&(&'a str, fn())]) -> Vec<&'a str> {
    let fails = |fault: &fn()| std::panic::catch_unwind(fault).is_err();
    faults.iter().filter(|(_, fault)| fails(fault)).map(|(name, _)| *name).collect()
}

/// The daemon polls many things on one runtime.
#[test]
fn a_run_is_small_and_may_be_sent_between_threads() {
    fn sent<T: Send>(what: T) -> T {
        what
    }
    let prober = Prober::new(ProbeSettings::default(), Lab::well().authority.trust());
    let target = ChainTarget::parse("dev.example.one").unwrap();
    let options = ProbeOptions::default();
    let run = sent(prober.brief(&target, &options));
    println!("a brief run has {} bytes", std::mem::size_of_val(&run));
    assert!(std::mem::size_of_val(&run) < 24 * 1024);
    drop(sent(prober.outside(&target, &options)));
}

/// All servers answer: below 3 s.
#[test]
fn a_run_is_short_where_all_answer() {
    let seen = run(Lab::well().ask());
    println!("all answer: {:.3} s, {} questions", seen.seconds, seen.outside.dns.questions);
    assert!(seen.seconds < 3.0 && seen.outside.dns.questions <= 40, "{} s", seen.seconds);
}

type Hang = fn(&mut Lab);

/// Each hop hangs in turn, and then all that can hang together: below 15 s.
#[test]
fn a_run_ends_in_time_wherever_it_hangs() {
    let all: [(&str, Hang); 7] = [
        ("nothing", |_| {}),
        ("roots and resolvers", |lab| silence(lab, &[1, 51, 52, 53])),
        ("the ending and resolvers", |lab| silence(lab, &[2, 51, 52, 53])),
        ("the zone and resolvers", |lab| silence(lab, &[3, 4, 51, 52, 53])),
        ("resolvers, handshakes", |lab| {
            silence(lab, &[51, 52, 53]);
            lab.gateway(Web::Silent);
        }),
        ("resolvers, pages", |lab| {
            silence(lab, &[51, 52, 53]);
            let certificate = lab.authority.leaf(&["dev.example.one"]);
            lab.gateway(Web::Hanging(Box::new(certificate)));
        }),
        ("one server of the zone, resolvers, pages on both ports", |lab| {
            silence(lab, &[4, 51, 52, 53]);
            let certificate = lab.authority.leaf(&["dev.example.one"]);
            lab.gateway(Web::Hanging(Box::new(certificate)));
            lab.plain = vec![(80, Web::Silent)];
        }),
    ];
    std::thread::scope(|scope| {
        for (what, hang) in all {
            scope.spawn(move || {
                let mut lab = Lab::well();
                hang(&mut lab);
                let seen = run(lab.ask());
                println!("{what}: {:.1} s, {} questions", seen.seconds, seen.outside.dns.questions);
                seen.within_limits();
            });
        }
    });
}

#[test]
fn a_zone_with_thirteen_servers_and_eight_resolvers_stays_within_the_questions() {
    let mut lab = Lab::well();
    let servers: Vec<u8> = (20..33).collect();
    let mut below = Zone::new("one", &[]);
    let mut zone = lab.zone();
    zone.remove("example.one");
    for at in &servers {
        let records = [format!("example.one 3600 NS n{at}.example.one"), format!("n{at}.example.one 3600 A @{at}")];
        records.iter().for_each(|record| below.add(record));
        records.iter().for_each(|record| zone.add(record));
    }
    *lab.server(2) = NameServer::of(vec![below]);
    for at in servers {
        lab.servers.push((at, NameServer::of(vec![zone.clone()])));
    }
    for at in 54..59 {
        let known = lab.known();
        lab.servers.push((at, NameServer::resolver(known)));
        lab.resolvers.push(at);
    }
    let seen = run(lab.ask());
    seen.within_limits();
    println!("13 servers, 8 resolvers: {} questions", seen.outside.dns.questions);
    assert_eq!(seen.verdict.state, HopState::Ok, "{:#?}", seen.verdict);
    assert!(
        seen.outside.dns.skipped.iter().any(|line| line.contains("questions to the 13 servers")),
        "{:?}",
        seen.outside.dns.skipped
    );
}

#[test]
fn where_everything_is_asked_twice_the_rest_is_left_out_and_that_is_said() {
    let mut lab = Lab::well();
    for (_, server) in &mut lab.servers {
        server.behaviour = Behaviour::Truncates;
    }
    for at in 60..70 {
        let mut resolver = NameServer::resolver(lab.known());
        resolver.behaviour = Behaviour::Truncates;
        lab.servers.push((at, resolver));
        lab.resolvers.push(at);
    }
    let seen = run(lab.ask());
    seen.within_limits();
    assert_eq!(seen.outside.dns.questions, 40);
    assert!(
        seen.outside.dns.problem.as_ref().unwrap().contains("were left out: a run asks at most 40"),
        "{:?}",
        seen.outside.dns.problem
    );
}

#[test]
fn answers_that_are_too_large_are_cut() {
    let mut lab = Lab::well();
    let addresses: Vec<String> = (0..250).map(|n| format!("dev.example.one 60 A 127.78.0.{n}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    lab.records(&addresses);
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    lab.gateway(Web::tls(certificate, json(200, "", "{}")));
    let seen = run(lab.ask());
    seen.within_limits();
    assert!(seen.outside.dns.addresses.len() <= 64, "{}", seen.outside.dns.addresses.len());
    assert!(seen.outside.connections.len() <= 16, "{}", seen.outside.connections.len());
    assert!(seen.outside.dns.skipped.iter().any(|line| line.contains("at most 8 are connected")));
}

#[test]
fn forged_answers_alone_are_no_answer() {
    let mut lab = Lab::well();
    for at in [3, 4, 51, 52, 53] {
        lab.server(at).behaviour = Behaviour::ForgedOnly;
    }
    let seen = run(lab.ask());
    seen.within_limits();
    let shown = format!("{:?}", seen.outside.dns);
    assert!(shown.contains("that belongs to the question; 4 came that do not"), "{shown}");
    assert!(seen.outside.dns.addresses.is_empty());
    let hop = seen.verdict.hop.unwrap();
    assert_eq!((hop.link, hop.state), (chain::Link::Zone, HopState::Broken), "{hop:?}");
}

fn silence(lab: &mut Lab, servers: &[u8]) {
    for at in servers {
        lab.server(*at).behaviour = Behaviour::Silent;
    }
}
