//! The tables `[alert.<name>]`.

use model::money::cents;
use rust_decimal::Decimal;

use super::bill::{BillSummary, FoundBill, limit, smallest_jump};
use super::choices::SetupChoices;
use super::found::FoundAccount;
use super::plan::WatchPlan;
use super::toml_text::{TomlText, key, list, mentioned, quoted};

/// The limit of a month where the bill was not read; alerts.toml has the same.
const DEFAULT_LIMIT: Decimal = Decimal::from_parts(20, 0, 0, false, 0);
/// How many services have a proposal of their own.
const SERVICES: usize = 3;

/// Writes one rule.
struct RuleWriter<'a> {
    text: &'a mut TomlText,
    tell: String,
}

impl RuleWriter<'_> {
    fn rule(&mut self, active: bool, name: &str, why: &str, when: &str, others: &[&str]) {
        let mut lines = vec![format!("[alert.{}]", key(name)), format!("when.{when}")];
        lines.extend(others.iter().map(|line| (*line).to_owned()));
        lines.push(self.tell.clone());
        self.text.table(active, why, lines);
    }
}

pub(super) fn write(found: &FoundAccount, choices: &SetupChoices, plan: &WatchPlan, warmed: bool, text: &mut TomlText) {
    let receivers = super::receivers::names(choices);
    let mut rules = RuleWriter { text, tell: format!("tell = {}", list(receivers)) };
    let bill = match &found.bill {
        FoundBill::Read(bill) => Some(bill),
        FoundBill::NotAsked | FoundBill::Failed(_) => None,
    };
    costs(bill, plan, &mut rules);
    functions(plan, warmed, &mut rules);
    resources(plan, &mut rules);
    rules.text.blank();
    rules.text.comment(
        "Two rules exist without being written, and notify every receiver: `source-failing` (a permission is \
        missing, a session has expired) and \
         `receiver-failing`.",
    );
}

fn costs(bill: Option<&BillSummary>, plan: &WatchPlan, rules: &mut RuleWriter<'_>) {
    let in_dollars = bill.is_none_or(|bill| bill.other_currency.is_none());
    let largest = bill.filter(|_| in_dollars).and_then(BillSummary::largest);
    let month = largest.map_or(DEFAULT_LIMIT, |(_, amount)| limit(amount));
    let why = match (largest, bill.and_then(|bill| bill.other_currency.as_deref())) {
        (_, Some(currency)) => format!(
            "The bill is in {}, and limits are in USD: rules about limits are unknown for it, so they are not active.",
            mentioned(currency)
        ),
        (Some((of, amount)), None) => format!(
            "The month costs more than this: one and a half times the most expensive of the last whole months ({of}: \
            {} USD), rounded up.",
            cents(amount)
        ),
        (None, None) if bill.is_some() => {
            "The month costs more than this. The bill has no whole month yet: set what you expect.".to_owned()
        }
        (None, None) => "The month costs more than this. The bill was not read: set what you expect.".to_owned(),
    };
    let why = if plan.has_costs() { why } else { format!("{why} Not active: no watch reads costs.") };
    let limits = plan.has_costs() && in_dollars;
    let above = format!("cost_above = {{ per = \"month\", usd = {} }}", quoted(&month.to_string()));
    rules.rule(limits, "month", &why, &above, &["critical_at = \"2x\""]);
    let least = largest.map_or(Decimal::ONE, |(_, amount)| smallest_jump(amount));
    let jump =
        format!("cost_jump = {{ service = \"*\", factor = \"2\", at_least_usd = {} }}", quoted(&least.to_string()));
    let days = plan.spend && in_dollars;
    let why = format!(
        "A settled day of any service costs twice the median of its last 14 days, and at least {least} USD more."
    );
    rules.rule(days, "jump", &why, &jump, &[]);
    let forecast = format!("forecast_above = {{ usd = {} }}", quoted(&month.to_string()));
    rules.rule(
        days,
        "forecast",
        "The month is forecast to end above the same limit.",
        &forecast,
        &["severity = \"info\""],
    );
    let services = bill.filter(|_| in_dollars).map(|bill| bill.services.as_slice()).unwrap_or_default();
    for (service, amount) in services.iter().take(SERVICES) {
        let usd = limit(*amount).to_string();
        let above =
            format!("cost_above = {{ service = {}, per = \"month\", usd = {} }}", quoted(service), quoted(&usd));
        let why = format!("One service by itself; its most expensive whole month was {} USD.", cents(*amount));
        rules.rule(false, &format!("bill of {}", mentioned(service)), &why, &above, &[]);
    }
    let new = "new_service = { at_least_usd = \"0.10\" }";
    rules.rule(false, "new-service", "A service is new on the bill.", new, &["severity = \"info\""]);
    let region = "A region that was never used before is on the bill: a stolen key shows so first.";
    rules.rule(plan.spend, "new-region", region, "new_region = {}", &["severity = \"critical\""]);
    let silent = "silence = { source = \"watch.spend\", longer_than = \"2d\" }";
    rules.rule(plan.spend, "blind", "The bill could not be read for two days.", silent, &[]);
}

fn functions(plan: &WatchPlan, warmed: bool, rules: &mut RuleWriter<'_>) {
    let logs = plan.logs.is_some();
    rules.rule(
        logs,
        "start-up",
        "Start-up takes too long or never ends: callers get an error.",
        "lambda_cause = { causes = [\"init_timeout\", \"slow_cold_start\", \"reinit_loop\"], count = 2, within = \
        \"10m\" }",
        &["severity = \"critical\"", "remind = \"1d\""],
    );
    rules.rule(
        logs,
        "broken",
        "A deploy or a setting is broken: it does not get better by itself.",
        "lambda_cause = { causes = [\"oom\", \"import_error\", \"handler_not_found\", \"syntax_error\", \
        \"invalid_entrypoint\", \
         \"native_lib_missing\", \"wrong_arch_or_binary\", \"missing_config\", \"credentials_invalid\", \
         \"iam_denied\"], count = 1, within = \"30m\" }",
        &[],
    );
    let new = "new_error = { within = \"1h\" }";
    let why =
        "An error that the function has never had before. After the first start, every error of the last hours is new.";
    rules.rule(logs, "new-error", why, new, &["severity = \"info\""]);
    let cold = "cold_starts = { share = \"20%\", within = \"1h\", at_least = 50 }";
    rules.rule(false, "cold", "Too many callers waited for a cold start.", cold, &["severity = \"info\""]);
    let throttled = "metric_above = { metric = \"Throttles\", statistic = \"sum\", above = 0, within = \"15m\" }";
    rules.rule(plan.metrics_minutes.is_some(), "throttled", "Calls were throttled: no log shows them.", throttled, &[]);
    if warmed {
        let failing = "ping_failing = { count = 3, within = \"1h\" }";
        rules.rule(true, "pings", "The last pings were all cold, timed out or failed.", failing, &[]);
    }
}

fn resources(plan: &WatchPlan, rules: &mut RuleWriter<'_>) {
    let idle = "idle_resource = { for = \"14d\", above_usd = \"1\" }";
    let why = "A resource has been idle for two weeks and costs more than 1 USD a month.";
    rules.rule(plan.has_billable, "idle", why, idle, &["severity = \"info\""]);
    let changed = "changed = { kinds = [\"functions\"], settings = [\"memory\", \"timeout\", \"environment\"] }";
    let why = "A setting of a function changed; every deploy may do that.";
    rules.rule(false, "changed", why, changed, &["severity = \"info\""]);
}
