//! The links of the chain: each is one file in `links/` and one line here.

use serde::{Deserialize, Serialize};

/// Makes the enum and its codes. `judge.rs` makes the judges from the same table, so that a link without a file does not
/// compile.
macro_rules! link {
    ($($module:ident: $link:ident, $title:literal, [$($cause:ident)*];)*) => {
        /// A link of the chain, in the order in which a request meets them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Link {
            $(
                #[doc = concat!("`", stringify!($module), "`: ", $title, ".")]
                $link
            ),*
        }

        impl Link {
            /// All links, in the order in which a request meets them.
            pub const ALL: &'static [Self] = &[$(Self::$link),*];

            /// Its stable code, as in JSON.
            pub fn code(self) -> &'static str {
                match self { $(Self::$link => stringify!($module)),* }
            }

            /// What it is, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$link => $title),* }
            }

            /// The later links that explain a fault of this one: a handshake fails because a certificate is pending.
            pub(crate) fn explained_by(self) -> &'static [Self] {
                match self { $(Self::$link => &[$(Self::$cause),*]),* }
            }
        }
    };
}

/// The table of links: hands its lines to the macro `$make`.
macro_rules! table {
    ($make:ident) => {
        $make! {
            name: Name, "the host name", [];
            registration: Registration, "the registration of the domain", [];
            delegation: Delegation, "the delegation from the parent zone", [];
            dnssec: Dnssec, "the DNSSEC chain", [];
            zone: Zone, "the zone at its own servers", [];
            record: Record, "the record of the host", [];
            propagation: Propagation, "what public resolvers answer", [];
            caa: Caa, "the CAA records", [];
            connect: Connect, "the connection to each address", [];
            http_port: HttpPort, "the answer on port 80", [];
            tls: Tls, "the TLS handshake", [CertificateValidation CertificateRegion BoundElsewhere Proxy DomainType];
            certificate_name: CertificateName, "the names of the certificate", [BoundElsewhere CertificateValidation CertificateRegion Proxy DomainType];
            certificate_chain: CertificateChain, "the chain of the certificate", [];
            certificate_expiry: CertificateExpiry, "the end of the certificate", [CertificateRenewal];
            certificate_region: CertificateRegion, "the Region of the certificate", [];
            certificate_validation: CertificateValidation, "the validation of the certificate", [Caa];
            certificate_renewal: CertificateRenewal, "the renewal of the certificate", [];
            bound_elsewhere: BoundElsewhere, "where the name is bound", [];
            proxy: Proxy, "a proxy in front", [];
            domain_type: DomainType, "the type of the domain name", [];
            mapping: Mapping, "the mapping of the domain name", [];
            base_path: BasePath, "the base path of the mapping", [];
            api_type: ApiType, "the type of the API", [];
            stage: Stage, "the stage and its deployment", [];
            route: Route, "the route", [];
            integration: Integration, "the integration", [];
            permission: Permission, "the permission of the gateway to call the function", [];
            url_permission: UrlPermission, "the permissions of the function URL", [];
            policy: Policy, "the resource policy of the API", [];
            function_state: FunctionState, "the state of the function", [];
            concurrency: Concurrency, "the concurrency of the function", [];
            throttle: Throttle, "throttling", [];
            timeout: Timeout, "the timeout", [];
            function_error: FunctionError, "the last invocations of the function", [];
            network: Network, "the network of the function", [];
            secret: Secret, "the secrets of the function", [];
            cors: Cors, "the CORS headers", [Mapping Stage Route Permission UrlPermission Policy FunctionState Concurrency Throttle Timeout FunctionError];
            redirect: Redirect, "redirects", [Proxy];
            identity: Identity, "the credentials", [];
        }
    };
}

pub(crate) use table;

table!(link);
