//! `monitor diagnose`

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use super::{Format, failed, print, print_json};
use crate::core::lambda_log::health::Checkup;
use crate::core::lambda_log::reader::Configured;
use crate::exit::Exit;
use crate::report::health;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files to read, `-` for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Exit {
    let mut checkup = Checkup::new(None, Configured::default());
    let mut bytes = Vec::new();
    if args.files.is_empty() {
        let _ = std::io::stdin().read_to_end(&mut bytes);
    }
    for f in &args.files {
        let _ = BufReader::new(std::fs::File::open(f).unwrap()).read_to_end(&mut bytes);
    }
    for line in BufReader::new(&bytes[..]).lines() {
        checkup.line(&line.unwrap_or_default());
    }
    let (lines, functions) = checkup.end();
    match args.format {
        Format::Text => {
            print(&format!("{functions:#?}"));
            Exit::Done
        }
        Format::Json => print_json(&health::json(lines, functions)),
    }
}
