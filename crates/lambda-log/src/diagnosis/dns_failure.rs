//! A host name could not be resolved.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "a host name does not resolve";
pub(super) const NEXT_STEP: &str =
    "Correct the host name that the quoted line shows; if it is right, look at the VPC's DNS settings and let the security group reach port 53.";
pub(super) const WORDS: &[&str] = &[
    "ENOTFOUND",
    "EAI_AGAIN",
    "UnknownHostException",
    "Name or service not known",
    "Temporary failure in name resolution",
    "no such host",
    "Could not resolve host",
    "could not resolve host",
    "could not translate host name",
    "getaddrinfo failed",
    "nodename nor servname",
    "NameResolutionError",
    "failed to lookup address",
    "Name does not resolve",
    "Failed to resolve",
    "No address associated with hostname",
    "getaddrinfo: ",
    "lookup error",
    "DNS resolution failed",
    "Device or resource busy",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DnsFailure, "A host name could not be turned into an address.")
}
