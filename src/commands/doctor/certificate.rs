//! `monitor doctor certificate`

use ::chain::Link;
use chrono_tz::Tz;
use report::chain::ChainDocument;

use super::chain::{DoctorTarget, look};
use super::place::Place;
use super::show::{ChainFormat, show};
use crate::app::StartError;
use crate::commands::context::CommandContext;
use crate::commands::output::usage;
use crate::exit::ExitStatus;

/// What concerns a certificate.
const LINKS: &[Link] = &[
    Link::Caa,
    Link::Tls,
    Link::CertificateName,
    Link::CertificateChain,
    Link::CertificateExpiry,
    Link::CertificateRegion,
    Link::CertificateValidation,
    Link::CertificateRenewal,
    Link::BoundElsewhere,
    Link::Identity,
];

pub(super) async fn run(
    domain: &str,
    place: &Place,
    format: ChainFormat,
    context: &CommandContext,
) -> Result<ExitStatus, StartError> {
    let target = match DoctorTarget::read(domain) {
        Ok(target @ DoctorTarget::Host(_)) => target,
        Ok(DoctorTarget::Function(_)) => {
            return Ok(usage(format!("`{domain}` has no dot, so it is no domain; name one such as dev.example.com")));
        }
        Err(error) => return Ok(usage(error)),
    };
    let config = context.config_if_any()?;
    let zone = config.as_ref().map_or(Tz::UTC, |config| config.timezone);
    let seen = look(&target, place, config, context).await?;
    Ok(show(&ChainDocument::of_links(domain.trim(), &seen, LINKS), format, zone))
}
