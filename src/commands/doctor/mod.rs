//! `monitor doctor`

mod certificate;
mod chain;
mod credentials;
mod identity;
mod inside;
mod log;
mod package;
mod place;
mod show;

use std::path::PathBuf;

use clap::Subcommand;

use self::place::Place;
use self::show::ChainFormat;
use super::context::CommandContext;
use super::output::usage;
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor doctor dev.example.com                  the chain from the name to the function; without credentials its outside half
  monitor doctor https://dev.example.com/v1/todos   ... for this path
  monitor doctor backend-dev                      a function alone: its state, concurrency, timeout, secrets and last invocations
  monitor doctor backend-dev:live                 ... and an alias of it
  monitor doctor dev.example.com --format svg > chain.svg
  monitor doctor dev.example.com --format json | jq .verdict
  monitor doctor certificate dev.example.com      only what concerns the certificate
  monitor doctor identity                         whose credentials these are, where they came from, until when
  monitor doctor package app.zip                  whether a package fits Lambda, and what is large in it; also a folder or an image.tar

It only reads: DNS, connections, one GET of the URL with and without Origin, and describing calls of AWS that follow the chain
(`monitor iam-policy --doctor` prints the policy for them). A call that is not allowed leaves its links unknown. It needs no configuration.

Exit codes: 0 all is well; 1 nothing could be seen; 2 something is broken; 3 it is only waiting, for propagation or a validation;
64 command line; 78 configuration";

/// The names of the subcommands. One is read as a target where an option stands before it.
const PARTS: [&str; 3] = ["certificate", "identity", "package"];

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Args {
    /// A URL, a domain, or a function by its name, name:alias or ARN
    #[arg(value_name = "URL|DOMAIN|FUNCTION", required = true)]
    target: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Output format
    #[arg(long, value_enum, default_value_t = ChainFormat::Text)]
    format: ChainFormat,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Only what concerns the certificate of a domain: names, chain, end, Region, validation, renewal, CAA
    Certificate {
        /// The domain
        #[arg(value_name = "DOMAIN")]
        domain: String,
        #[command(flatten)]
        place: Place,
        /// Output format
        #[arg(long, value_enum, default_value_t = ChainFormat::Text)]
        format: ChainFormat,
    },
    /// Whose the credentials are, which account, where they came from and until when
    Identity {
        #[command(flatten)]
        place: Place,
        /// Output format
        #[arg(long, value_enum, default_value_t = super::arguments::OutputFormat::Text)]
        format: super::arguments::OutputFormat,
    },
    /// Whether a package fits Lambda's limits, and what is large in it
    Package {
        /// A .zip, a folder, or an image as `docker save` writes it (.tar)
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t = super::arguments::OutputFormat::Text)]
        format: super::arguments::OutputFormat,
    },
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    match (args.part, args.target) {
        (Some(Part::Certificate { domain, place, format }), _) => {
            certificate::run(&domain, &place, format, context).await
        }
        (Some(Part::Identity { place, format }), _) => identity::run(&place, format, context).await,
        (Some(Part::Package { path, format }), _) => Ok(package::run(&path, format)),
        (None, Some(name)) if PARTS.contains(&name.as_str()) => Ok(usage(format!(
            "options of `monitor doctor {name}` go behind `{name}`: `monitor doctor {name} --help` lists them; a function \
             of this name is asked about as {name}:$LATEST"
        ))),
        (None, target) => chain::run(&target.unwrap_or_default(), &args.place, args.format, context).await,
    }
}
