//! What is broken of an endpoint, and what else it is broken for: incidents about one broken part are told as one.

use chain::domain::{registrable, within};
use chain::target::ChainTarget;
use chain::{HopState, Link};
use serde::{Deserialize, Serialize};

use crate::observation::EndpointCheck;

/// What an incident of an endpoint is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFault {
    /// The broken link, or the one that is waited for; `None` where no link is broken.
    pub link: Option<Link>,
    /// The host of the endpoint.
    pub host: String,
    /// The zone that the host is in; the registered domain where no zone was found.
    pub zone: String,
    /// The function behind it, where the watch names one.
    pub function: Option<String>,
    /// Whether it is a wait that is normal.
    pub waits: bool,
}

/// How far a broken link reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Every host of the zone.
    Zone,
    /// Every path of the host.
    Host,
    /// Whatever leads to the function.
    Function,
    /// This endpoint only.
    Endpoint,
}

impl EndpointFault {
    /// What a check found.
    pub fn of(check: &EndpointCheck) -> Self {
        let host = host(&check.url);
        Self {
            link: check.link,
            zone: check.zone.clone().unwrap_or_else(|| registrable(&host).to_owned()),
            host,
            function: check.function.clone(),
            waits: check.state == HopState::Waiting,
        }
    }

    fn reach(&self) -> Reach {
        match self.link {
            Some(Link::Registration | Link::Delegation | Link::Dnssec | Link::Zone | Link::Caa) => Reach::Zone,
            // One certificate often covers many hosts of a zone.
            Some(
                Link::CertificateChain
                | Link::CertificateExpiry
                | Link::CertificateValidation
                | Link::CertificateRenewal,
            ) => Reach::Zone,
            Some(
                Link::Name
                | Link::Record
                | Link::Propagation
                | Link::Connect
                | Link::HttpPort
                | Link::Tls
                | Link::CertificateName
                | Link::CertificateRegion
                | Link::BoundElsewhere
                | Link::Proxy
                | Link::DomainType
                | Link::Mapping
                | Link::BasePath
                | Link::ApiType
                | Link::Stage
                | Link::Policy,
            ) => Reach::Host,
            Some(Link::Route | Link::Integration | Link::Cors | Link::Redirect | Link::Identity) => Reach::Endpoint,
            None
            | Some(
                Link::Permission
                | Link::UrlPermission
                | Link::FunctionState
                | Link::Concurrency
                | Link::Throttle
                | Link::Timeout
                | Link::FunctionError
                | Link::Network
                | Link::Secret,
            ) => Reach::Function,
        }
    }

    /// Whether the same broken part is what another endpoint is down for.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        self.link == other.link
            && self.waits == other.waits
            && match self.reach() {
                Reach::Zone => self.zone == other.zone,
                Reach::Host => self.host == other.host,
                Reach::Function => self.function.is_some() && self.function == other.function,
                Reach::Endpoint => false,
            }
    }

    /// Whether it concerns all that is on a host.
    pub(crate) fn concerns(&self, host: &str) -> bool {
        match self.reach() {
            Reach::Zone => within(host, &self.zone),
            Reach::Host => self.host == host,
            Reach::Function | Reach::Endpoint => false,
        }
    }

    /// Whether it is about this function, or about what leads to it.
    pub(crate) fn is_of_function(&self, name: &str) -> bool {
        self.reach() == Reach::Function && self.function.as_deref() == Some(name)
    }

    /// Whether a certificate cannot be renewed, or is of no use, because of it.
    pub(crate) fn is_before_the_certificate(&self) -> bool {
        let is_before = matches!(
            self.link,
            Some(
                Link::Registration
                    | Link::Delegation
                    | Link::Dnssec
                    | Link::Zone
                    | Link::Caa
                    | Link::Tls
                    | Link::CertificateName
                    | Link::CertificateChain
                    | Link::CertificateExpiry
                    | Link::CertificateRegion
                    | Link::CertificateValidation
                    | Link::CertificateRenewal
            )
        );
        is_before && !self.waits
    }
}

/// The host of the URL of an endpoint.
pub(crate) fn host(url: &str) -> String {
    ChainTarget::parse(url).map_or_else(|_| url.to_owned(), |target| target.host_text().to_owned())
}
