//! From what was found in an account to the text of an `alerts.toml`: pure, so that every account can be tried in a
//! test. `monitor init` asks AWS and the person, and writes what this makes of the answers.

mod bill;
mod choices;
mod found;
mod patterns;
mod plan;
mod receivers;
mod rules;
mod secrets;
mod table;
mod toml_text;
mod watches;

pub use bill::{BillSummary, FoundBill};
pub use choices::{EmailChoice, SetupChoices};
pub use found::FoundAccount;
pub use secrets::{env_file, is_variable_name};
pub use table::found_table;

use self::plan::WatchPlan;
use self::toml_text::{TomlText, quoted};

/// What every configuration that is written begins with.
pub const FIRST_WORDS: &str = "# Written by `monitor init`";

/// The text of a configuration that watches what was found.
pub fn configuration(found: &FoundAccount, choices: &SetupChoices) -> String {
    let plan = WatchPlan::of(found);
    let mut text = TomlText::default();
    head(found, choices, &mut text);
    text.section("read: what is polled, and when");
    watches::write(found, &plan, &mut text);
    let warmed = watches::write_warms(found, choices, &mut text);
    text.section("alert: which receivers to notify, and when");
    rules::write(found, choices, &plan, warmed, &mut text);
    text.section("receiver: where messages go");
    receivers::write(choices, &mut text);
    text.finish()
}

/// The keys that stand before all tables, and the account.
fn head(found: &FoundAccount, choices: &SetupChoices, text: &mut TomlText) {
    text.comment(
        "Written by `monitor init` from what it found in the account. Everything that is not commented out is \
        active; commented tables are \
         proposals that work when their lines are uncommented. `monitor check` finds every mistake; `monitor check \
         --live` also checks AWS \
         and the receivers.",
    );
    if let Some(file) = &choices.env_file {
        text.blank();
        text.comment(&format!(
            "The secrets are not in this file but in {file} (mode 0600), as NAME=value lines. systemd reads it by \
            EnvironmentFile=, Docker by \
             --env-file; in a shell: set -a; . {file}; set +a",
        ));
    }
    text.blank();
    text.comment("The time zone of cron expressions and messages. Days and months of the bill are UTC, as at AWS.");
    text.line(true, &format!("timezone = {}", quoted(&choices.timezone)));
    text.blank();
    text.line(true, "[aws]");
    text.comment("The region of the functions.");
    text.line(true, &format!("region = {}", quoted(&found.region)));
    if !found.other_regions.is_empty() {
        text.comment("All regions that are watched; in the others these were found:");
        for (region, what) in &found.other_regions {
            text.comment(&format!("{region}: {what}"));
        }
        let all: Vec<String> =
            std::iter::once(&found.region).chain(found.other_regions.keys()).map(|name| quoted(name)).collect();
        text.line(true, &format!("regions = [{}]", all.join(", ")));
    }
    if let Some(account) = &found.account {
        text.comment(
            "The account. With credentials of any other account monitor makes no call, and says whose they are.",
        );
        text.line(true, &format!("account = {}", quoted(account)));
    }
    if let Some(profile) = &found.profile {
        text.comment("The profile that `monitor init` used. It is used even where keys stand in the environment.");
        text.line(true, &format!("profile = {}", quoted(profile)));
    }
    text.comment(
        "Spending cap for monitor's own calls in a month. One page of Cost Explorer costs 0.01; everything else here \
        is free.",
    );
    text.line(true, "max_monthly_usd = \"1.00\"");
}
