//! Faults of connections and certificates.

use chain::HopState::Broken;
use chain::Link;

use crate::lab::Lab;
use crate::lab::certificates::{Authority, ServerCertificate, Valid, self_signed};
use crate::lab::web::{Web, answer, json};

pub(crate) const FAULTS: &[(&str, fn())] = &[
    ("an address where nothing listens", closed),
    ("one of two addresses where nothing listens", half_closed),
    ("the page of a registrar on port 80", parked),
    ("another's page on port 80, and an unsupported protocol on 443", unsupported_protocol),
    ("a gateway that does not know the host", unknown_to_the_gateway),
    ("plain HTTP on port 443", plain_http),
    ("a server that takes connections and says nothing", silent),
    ("a certificate of another host", other_name),
    ("a wildcard that is asked for two labels", || {
        nearly("a.dev.example.one", &["*.example.one"], "covers one label, and no more");
    }),
    ("a wildcard that is asked for the apex", || {
        nearly("example.one", &["*.example.one"], "not the name without a label");
    }),
    ("the certificate of the API itself", of_the_api),
    ("a certificate that is signed by itself", signed_by_itself),
    ("a chain without its intermediate", without_intermediate),
    ("a chain to a root that is not trusted", untrusted_root),
    ("an intermediate that has ended under a valid leaf", intermediate_ended),
    ("a certificate that has ended", || dated(Valid(-90, -2), "the certificate ended on", "validation CNAME")),
    ("a certificate that is not valid yet", || dated(Valid(2, 90), "is valid only from", "wait until then")),
    ("a certificate with ten thousand names", ten_thousand_names),
    ("a name that no distribution of CloudFront has", bound_elsewhere),
    ("a distribution that refuses the name", refused_by_cloudfront),
];

fn page() -> crate::lab::web::Page {
    json(200, "", "{}")
}

fn with(certificate: ServerCertificate, lab: &mut Lab) {
    lab.gateway(Web::tls(certificate, page()));
}

fn closed() {
    let mut lab = Lab::well();
    lab.gateway(Web::Closed);
    lab.expect(Link::Connect, Broken, "does not take a connection on port", "always listen on port 443");
}

fn half_closed() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 60 A @80", "dev.example.one 60 A @81"]);
    let address = lab.ip(81).to_string();
    lab.expect(
        Link::Connect,
        Broken,
        "1 of 2 addresses do not take a connection on port",
        &format!("Take {address} out"),
    );
}

fn parked() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 600 A @80"]);
    let html = "<html><head><title>example.one</title></head>\n<body>This domain is parked free, courtesy of Porkbun</body></html>";
    lab.plain = vec![(80, Web::Plain(answer(200, "content-type: text/html\r\nserver: openresty\r\n", html)))];
    lab.expect(
        Link::HttpPort,
        Broken,
        "page of a registrar",
        "Delete the record that the registrar made (dev.example.one A",
    );
}

fn unsupported_protocol() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 600 A @80"]);
    lab.plain = vec![(80, Web::Plain(answer(200, "content-type: text/html\r\n", "<h1>Default page</h1>")))];
    lab.gateway(Web::Alert(70));
    lab.expect(
        Link::HttpPort,
        Broken,
        "a page that is not of AWS, and https does not work",
        "\"API Gateway domain name\"",
    );
}

fn unknown_to_the_gateway() {
    let mut lab = Lab::well();
    lab.gateway(Web::Alert(40));
    lab.expect(
        Link::Tls,
        Broken,
        "knows no custom domain name `dev.example.one`",
        "Make the custom domain name dev.example.one",
    );
}

fn plain_http() {
    let mut lab = Lab::well();
    lab.records(&["dev.example.one 600 A @80"]);
    lab.gateway(Web::Bytes(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
    lab.expect(Link::Tls, Broken, "does not speak TLS", "Another service listens on this port");
}

fn silent() {
    let mut lab = Lab::well();
    lab.gateway(Web::Silent);
    let seen = lab.expect(Link::Tls, Broken, "says nothing", "does not serve TLS");
    assert!(seen.seconds < 3.0, "{} s", seen.seconds);
}

fn other_name() {
    let mut lab = Lab::well();
    let certificate = lab.authority.leaf(&["shop.example.net"]);
    with(certificate, &mut lab);
    lab.expect(
        Link::CertificateName,
        Broken,
        "not for dev.example.one: the certificate belongs to another host",
        "among its names",
    );
}

fn nearly(host: &str, names: &[&str], summary: &str) {
    let mut lab = Lab::well();
    lab.target = format!("https://{host}/");
    for at in [3, 4, 51, 52, 53] {
        lab.server(at).zones[0].add(&format!("{host} 60 A @80"));
    }
    let certificate = lab.authority.leaf(names);
    with(certificate, &mut lab);
    lab.expect(Link::CertificateName, Broken, summary, &format!("with the names `{host}` and `*.example.one`"));
}

fn of_the_api() {
    let mut lab = Lab::well();
    let certificate = lab.authority.leaf(&["*.execute-api.ap-northeast-2.amazonaws.com"]);
    with(certificate, &mut lab);
    lab.expect(Link::CertificateName, Broken, "the API's own endpoint", "Make a custom domain name");
}

fn signed_by_itself() {
    let mut lab = Lab::well();
    with(self_signed(&["dev.example.one"]), &mut lab);
    lab.expect(Link::CertificateChain, Broken, "signed by itself", "Certificate Manager");
}

fn without_intermediate() {
    let mut lab = Lab::well();
    let mut certificate = lab.authority.leaf(&["dev.example.one"]);
    certificate.chain.truncate(1);
    with(certificate, &mut lab);
    lab.expect(Link::CertificateChain, Broken, "intermediate certificate is missing", "fullchain.pem");
}

fn untrusted_root() {
    let mut lab = Lab::well();
    let certificate = Authority::stranger().leaf(&["dev.example.one"]);
    with(certificate, &mut lab);
    lab.expect(Link::CertificateChain, Broken, "ends in no root that is trusted", "whole chain");
}

fn intermediate_ended() {
    let mut lab = Lab::well();
    lab.authority = Authority::with_intermediate(Valid(-900, -3));
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    with(certificate, &mut lab);
    lab.expect(
        Link::CertificateChain,
        Broken,
        "an intermediate one of its chain ended on",
        "present intermediate certificate",
    );
}

fn dated(valid: Valid, summary: &str, next: &str) {
    let mut lab = Lab::well();
    let certificate = lab.authority.dated_leaf(&["dev.example.one"], valid);
    with(certificate, &mut lab);
    lab.expect(Link::CertificateExpiry, Broken, summary, next);
}

/// Clients take 64 KB of certificates.
fn ten_thousand_names() {
    let mut lab = Lab::well();
    let names: Vec<String> = (0..10_000).map(|n| format!("n{n}.example.one")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let certificate = lab.authority.leaf(&names);
    with(certificate, &mut lab);
    let seen = lab.expect(Link::Tls, Broken, "larger than 64 KB", "fewer names");
    assert!(seen.seconds < 3.0, "{} s", seen.seconds);
    // As many as fit, and the host is not among them.
    let certificate = lab.authority.leaf(&names[..3_000]);
    with(certificate, &mut lab);
    let seen = lab.expect(Link::CertificateName, Broken, "belongs to another host", "among its names");
    assert!(seen.verdict.hop.unwrap().evidence[0].contains("and 2994 more"));
}

fn to_cloudfront(lab: &mut Lab) {
    lab.records(&["dev.example.one 60 CNAME d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net 60 A @80"]);
}

fn bound_elsewhere() {
    let mut lab = Lab::well();
    to_cloudfront(&mut lab);
    let certificate = lab.authority.leaf(&["*.cloudfront.net", "cloudfront.net"]);
    with(certificate, &mut lab);
    let next = "aws cloudfront list-conflicting-aliases --alias dev.example.one";
    lab.expect(Link::BoundElsewhere, Broken, "(d111111abcdef8.cloudfront.net), and no distribution there serves", next);
}

fn refused_by_cloudfront() {
    let mut lab = Lab::well();
    to_cloudfront(&mut lab);
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    let html = "<H1>403 ERROR</H1>\n<H2>The request could not be satisfied.</H2>\nBad request.\nWe can't connect to the server for this app or website at this time.";
    let headers = "server: CloudFront\r\nx-cache: Error from cloudfront\r\nx-amz-cf-id: abc\r\n";
    lab.gateway(Web::tls(certificate, answer(403, headers, html)));
    lab.expect(Link::BoundElsewhere, Broken, "no distribution there serves dev.example.one", "Take the name off there");
}
