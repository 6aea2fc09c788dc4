//! Reads answers of Cost Explorer's `GetCostAndUsage`, as `aws ce get-cost-and-usage` writes them: one page, several
//! pages one after the other or in a list, or the value of `ResultsByTime` alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use model::redact::printable;
use serde_json::{Map, Value};

use super::amount::ExactAmount;
use super::columns::ExportMetric;
use super::cost_table::{CostTable, Granularity, GroupCost, GroupDimension};
use super::moment::{self, ParsedDay};

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AnswerError(String);

fn refused<T>(why: impl Into<String>) -> Result<T, AnswerError> {
    Err(AnswerError(why.into()))
}

/// Which amounts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerMetric {
    /// Those of a metric.
    Of(ExportMetric),
    /// Unblended costs if they are there, else those of the only metric of costs that is.
    Any,
}

/// The metrics of Cost Explorer that are costs.
const COSTS: [&str; 5] = ["UnblendedCost", "NetUnblendedCost", "AmortizedCost", "NetAmortizedCost", "BlendedCost"];

/// Reads all answers of a text as one table.
///
/// # Errors
/// If anything in it is not understood.
pub fn read(text: &[u8], metric: AnswerMetric) -> Result<CostTable, AnswerError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reading = AnswerReading::default();
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        match value {
            Ok(value) => reading.value(&value, metric, true)?,
            Err(error) if error.is_eof() => {
                return refused("the file ends within the JSON; copy it again completely");
            }
            Err(error) => return refused(format!("it is no JSON: {error}")),
        }
    }
    let Some(granularity) = reading.granularity else {
        return refused("it has no period");
    };
    Ok(CostTable {
        granularity,
        dimensions: reading.dimensions.unwrap_or_default(),
        periods: reading.periods,
        costs: reading.costs,
        account_names: reading.account_names,
        goes_on: reading.goes_on,
    })
}

#[derive(Default)]
struct AnswerReading {
    granularity: Option<Granularity>,
    dimensions: Option<Vec<GroupDimension>>,
    periods: BTreeMap<NaiveDate, Option<bool>>,
    costs: Vec<GroupCost>,
    account_names: BTreeMap<String, String>,
    goes_on: bool,
    /// The groups that are known, by the start of their period.
    seen: BTreeSet<(String, Vec<String>)>,
    metric: Option<String>,
}

impl AnswerReading {
    /// A page, a period, or a list of either.
    fn value(&mut self, value: &Value, metric: AnswerMetric, may_be_list: bool) -> Result<(), AnswerError> {
        match value {
            Value::Array(all) if may_be_list => all.iter().try_for_each(|one| self.value(one, metric, false)),
            Value::Object(page) if page.contains_key("ResultsByTime") => self.page(page, metric),
            Value::Object(period) if period.contains_key("TimePeriod") => self.period(period, metric),
            Value::Object(other) => {
                let names: Vec<String> = other.keys().take(5).map(|name| shown(name)).collect();
                refused(format!(
                    "it is JSON, but no answer of `aws ce get-cost-and-usage`: it has {}",
                    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
                ))
            }
            _ => refused("it is JSON, but no answer of `aws ce get-cost-and-usage`"),
        }
    }

    fn page(&mut self, page: &Map<String, Value>, metric: AnswerMetric) -> Result<(), AnswerError> {
        if let Some(definitions) = list(page, "GroupDefinitions")? {
            let dimensions = definitions.iter().map(dimension).collect::<Option<Vec<_>>>();
            let Some(dimensions) = dimensions else { return refused("`GroupDefinitions` has no `Key`") };
            self.grouped_by(dimensions)?;
        }
        for named in list(page, "DimensionValueAttributes")?.into_iter().flatten() {
            let name = named.get("Attributes").and_then(|all| all.get("description")).and_then(Value::as_str);
            if let Some((id, name)) = named.get("Value").and_then(Value::as_str).zip(name) {
                self.account_names.insert(id.to_owned(), name.to_owned());
            }
        }
        let Some(periods) = list(page, "ResultsByTime")? else { return refused("`ResultsByTime` is no list") };
        for period in periods {
            let Some(period) = period.as_object() else { return refused("a period of `ResultsByTime` is no object") };
            self.period(period, metric)?;
        }
        let token = page.get("NextPageToken").or_else(|| page.get("NextToken"));
        self.goes_on = !matches!(token, None | Some(Value::Null)) && token.and_then(Value::as_str) != Some("");
        Ok(())
    }

    fn grouped_by(&mut self, dimensions: Vec<GroupDimension>) -> Result<(), AnswerError> {
        match &self.dimensions {
            Some(known) if *known != dimensions => {
                refused("its answers are grouped in different ways; read one of them at a time")
            }
            _ => {
                self.dimensions = Some(dimensions);
                Ok(())
            }
        }
    }

    fn period(&mut self, period: &Map<String, Value>, metric: AnswerMetric) -> Result<(), AnswerError> {
        let text = |name: &str| period.get("TimePeriod").and_then(|time| time.get(name)).and_then(Value::as_str);
        let Some((start, end)) = text("Start").zip(text("End")) else {
            return refused("a `TimePeriod` has no `Start` or no `End`");
        };
        let Some((day, granularity)) = time(start, end) else {
            return refused(format!("the period from {} to {} is no day or month", shown(start), shown(end)));
        };
        if self.granularity.is_some_and(|known| known != granularity) {
            return refused(format!("it has days and months; the first of another kind begins {}", shown(start)));
        }
        self.granularity = Some(granularity);
        let place = format!("period {}", shown(start));
        let estimated = match period.get("Estimated") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(estimated)) => Some(*estimated),
            Some(_) => return refused(format!("{place}: `Estimated` is neither true nor false")),
        };
        let known = self.periods.entry(day).or_insert(estimated);
        // A period may be cut in two by the end of a page, and a day consists of hours.
        *known = known.max(&mut estimated.clone()).to_owned();
        let (groups, total) = (period.get("Groups"), period.get("Total"));
        let (has_groups, has_total) = (groups.is_some_and(|it| !it.is_null()), total.is_some_and(|it| !it.is_null()));
        if !has_groups && !has_total {
            return refused(format!("{place}: it has neither `Groups` nor `Total`"));
        }
        let groups = groups.and_then(Value::as_array);
        if has_groups && groups.is_none() {
            return refused(format!("{place}: `Groups` is not a list"));
        }
        let groups = groups.map(Vec::as_slice).unwrap_or_default();
        let total = total.and_then(Value::as_object);
        if has_total && total.is_none() {
            return refused(format!("{place}: `Total` is not an object"));
        }
        for group in groups {
            let keys = group.get("Keys").and_then(Value::as_array);
            let keys =
                keys.map(|keys| keys.iter().map(|key| key.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
            let (Some(Some(keys)), Some(metrics)) = (keys, group.get("Metrics").and_then(Value::as_object)) else {
                return refused(format!("{place}: a group has no `Keys` or no `Metrics`"));
            };
            self.cost(day, start, keys, metrics, metric)?;
        }
        // Without groups the sum of everything is told, and with groups nothing of it.
        match total {
            Some(total) if groups.is_empty() && !total.is_empty() => self.cost(day, start, vec![], total, metric),
            _ => Ok(()),
        }
    }

    fn cost(
        &mut self,
        day: NaiveDate,
        start: &str,
        keys: Vec<String>,
        metrics: &Map<String, Value>,
        metric: AnswerMetric,
    ) -> Result<(), AnswerError> {
        let place = format!("period {}, group {}", shown(start), shown(&keys.join(", ")));
        let dimensions = match &self.dimensions {
            Some(known) => known.len(),
            None => {
                let guessed = undefined(&keys, &place)?;
                let count = guessed.len();
                self.dimensions = Some(guessed);
                count
            }
        };
        if keys.len() != dimensions && !keys.is_empty() {
            return refused(format!("{place}: it has {} keys, but the answer has {dimensions}", keys.len()));
        }
        let name = match &self.metric {
            Some(name) => name.clone(),
            None => self.metric.insert(chosen(metrics, metric)?).clone(),
        };
        let part = |part: &str| metrics.get(&name).and_then(|value| value.get(part));
        let Some(amount) = part("Amount").and_then(Value::as_str) else {
            let why = match part("Amount") {
                Some(Value::Number(_)) => "is not in quotes, so digits may be lost; use the answer as AWS gives it",
                _ => "is missing",
            };
            return refused(format!("{place}: the amount of `{name}` {why}"));
        };
        let Ok((exact, rounded)) = ExactAmount::read(amount) else {
            return refused(format!("{place}: {} is not an amount", shown(amount)));
        };
        let Some(currency) = part("Unit").and_then(Value::as_str).filter(|unit| !unit.is_empty() && *unit != "N/A")
        else {
            return refused(format!("{place}: `{name}` has no currency"));
        };
        if !self.seen.insert((start.to_owned(), keys.clone())) {
            return refused(format!("{place} is there twice; the same page may have been added twice"));
        }
        let currency = currency.to_owned();
        self.costs.push(GroupCost { day, group: keys, amount: exact, rounded, currency });
        Ok(())
    }
}

/// A list of a page; `None` where it has none. Anything else in its place is not passed over.
fn list<'a>(page: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Vec<Value>>, AnswerError> {
    match page.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(all)) => Ok(Some(all)),
        Some(_) => refused(format!("`{name}` is no list")),
    }
}

fn dimension(definition: &Value) -> Option<GroupDimension> {
    let key = definition.get("Key").and_then(Value::as_str)?;
    let is_dimension = definition.get("Type").and_then(Value::as_str).is_none_or(|kind| kind == "DIMENSION");
    Some(if is_dimension { GroupDimension::named(key) } else { GroupDimension::Other(key.to_owned()) })
}

/// The dimensions of keys, where the answer does not say them.
fn undefined(keys: &[String], place: &str) -> Result<Vec<GroupDimension>, AnswerError> {
    match keys {
        [] => Ok(vec![]),
        [id] if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => Ok(vec![GroupDimension::Account]),
        [_] => Ok(vec![GroupDimension::Service]),
        _ => refused(format!("{place}: it has {} keys, and `GroupDefinitions` is missing", keys.len())),
    }
}

/// The name of the metric that is taken.
fn chosen(metrics: &Map<String, Value>, metric: AnswerMetric) -> Result<String, AnswerError> {
    let has = |name: &&&str| metrics.contains_key(**name);
    let wanted = match metric {
        AnswerMetric::Of(ExportMetric::Billed) | AnswerMetric::Any => "UnblendedCost",
        AnswerMetric::Of(ExportMetric::Effective) => "AmortizedCost",
        AnswerMetric::Of(ExportMetric::List) => {
            return refused("Cost Explorer has no list prices; use --metric billed");
        }
    };
    if has(&&wanted) {
        return Ok(wanted.to_owned());
    }
    let costs: Vec<&&str> = COSTS.iter().filter(has).collect();
    match costs.as_slice() {
        [only] if metric == AnswerMetric::Any => Ok((**only).to_owned()),
        _ => {
            let there: Vec<String> = metrics.keys().take(5).map(|name| shown(name)).collect();
            refused(format!("it has no `{wanted}`, only {}; ask with --metrics {wanted}", there.join(", ")))
        }
    }
}

/// The first UTC day of a period, and whether it is a day (or an hour of it) or a month (or a part of it).
fn time(start: &str, end: &str) -> Option<(NaiveDate, Granularity)> {
    let day = |text| match moment::read(text)? {
        ParsedDay::Day(day) => Some(day),
        ParsedDay::Slashed(_) => None,
    };
    let (first, after) = (day(start)?, day(end)?);
    let days = (after - first).num_days();
    match (start.contains('T'), days) {
        (true, 0 | 1) | (false, 1) => Some((first, Granularity::Daily)),
        (_, 2..=31) => Some((first, Granularity::Monthly)),
        _ => None,
    }
}

/// A text as it may be shown.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    format!("`{}{}`", printable(&short), if short.len() < text.len() { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_table(text: &str, metric: AnswerMetric) -> String {
        match read(text.as_bytes(), metric) {
            Err(why) => format!("refused: {why}"),
            Ok(table) => {
                let cost = |cost: &GroupCost| {
                    format!("{} {} {} {}", cost.day, cost.group.join("/"), cost.amount.decimal().0, cost.currency)
                };
                let costs: Vec<String> = table.costs.iter().map(cost).collect();
                let estimated: Vec<String> = table
                    .periods
                    .iter()
                    .filter(|(_, estimated)| **estimated == Some(true))
                    .map(|(day, _)| day.to_string())
                    .collect();
                let more = if table.goes_on { "; goes on" } else { "" };
                let shown = format!("{:?} {:?}: {}{more}", table.granularity, table.dimensions, costs.join(", "));
                if estimated.is_empty() { shown } else { format!("{shown}; estimated {}", estimated.join(" ")) }
            }
        }
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown_table(text, AnswerMetric::Of(ExportMetric::Billed)), expected, "{text}");
    }

    #[test]
    fn what_stands_in_the_place_of_a_list_is_refused_and_not_passed_over() {
        let page = |member: &str| {
            let period = r#"{"TimePeriod":{"Start":"2024-12-01","End":"2024-12-02"},"Total":{"UnblendedCost":{"Amount":"1","Unit":"USD"}}}"#;
            format!(r#"{{{member}"ResultsByTime":[{period}]}}"#)
        };
        for (member, refused) in [
            ("", None),
            (r#""GroupDefinitions":null,"#, None),
            (r#""GroupDefinitions":{"Key":"SERVICE"},"#, Some("`GroupDefinitions` is no list")),
            (r#""DimensionValueAttributes":"x","#, Some("`DimensionValueAttributes` is no list")),
        ] {
            let read = read(page(member).as_bytes(), AnswerMetric::Of(ExportMetric::Billed));
            assert_eq!(read.err().map(|why| why.to_string()).as_deref(), refused, "{member}");
        }
    }

    fn group(keys: &str, amount: &str) -> String {
        let keys: Vec<String> = keys.split('/').map(|key| format!("\"{key}\"")).collect();
        format!(
            r#"{{"Keys": [{}], "Metrics": {{"UnblendedCost": {{"Amount": "{amount}", "Unit": "USD"}}}}}}"#,
            keys.join(",")
        )
    }

    fn period(start: &str, end: &str, groups: &[String], rest: &str) -> String {
        format!(
            r#"{{"TimePeriod": {{"Start": "{start}", "End": "{end}"}}, "Total": {{}}, "Groups": [{}]{rest}}}"#,
            groups.join(",")
        )
    }

    fn page(dimensions: &str, periods: &[String], rest: &str) -> String {
        let definition = |key| format!(r#"{{"Type": "DIMENSION", "Key": "{key}"}}"#);
        let definitions: Vec<String> = dimensions.split_whitespace().map(definition).collect();
        format!(
            r#"{{"GroupDefinitions": [{}], "ResultsByTime": [{}]{rest}}}"#,
            definitions.join(","),
            periods.join(",")
        )
    }

    fn days() -> [String; 2] {
        [
            period(
                "2025-03-30",
                "2025-03-31",
                &[group("AWS Lambda", "0.1"), group("Tax", "3")],
                r#","Estimated":false"#,
            ),
            period("2025-03-31", "2025-04-01", &[group("AWS Lambda", "1.0E-7")], r#","Estimated":true"#),
        ]
    }

    const READ: &str = "Daily [Service]: 2025-03-30 AWS Lambda 0.1 USD, 2025-03-30 Tax 3 USD, 2025-03-31 AWS Lambda 0.0000001 USD; estimated 2025-03-31";

    #[test]
    fn pages_are_read_however_they_were_put_together() {
        let [one, two] = days();
        let first = page("SERVICE", std::slice::from_ref(&one), r#","NextPageToken":"t""#);
        let second = page("SERVICE", std::slice::from_ref(&two), r#","DimensionValueAttributes":[]"#);
        for text in [
            page("SERVICE", &days(), ""),
            format!("\u{feff}{}\r\n", page("SERVICE", &days(), r#","NextPageToken":null"#)),
            format!("{first}\n{second}\n"),
            format!("[{first}, {second}]"),
            format!("[{one}, {two}]"),
        ] {
            check(&text, READ);
        }
        check(&format!("[{first}]"), "Daily [Service]: 2025-03-30 AWS Lambda 0.1 USD, 2025-03-30 Tax 3 USD; goes on");
    }

    #[test]
    fn every_grouping_and_granularity_has_its_meaning() {
        let [one, _] = days();
        for (text, expected) in [
            (
                page(
                    "LINKED_ACCOUNT USAGE_TYPE",
                    &[period("2025-03-01", "2025-04-01", &[group("111122223333/T", "1")], "")],
                    "",
                ),
                "Monthly [Account, UsageType]: 2025-03-01 111122223333/T 1 USD",
            ),
            (
                page(
                    "",
                    &[period("2025-03-01", "2025-03-02", &[], "")
                        .replace(r#""Total": {}"#, r#""Total": {"UnblendedCost": {"Amount": "5", "Unit": "EUR"}}"#)],
                    "",
                ),
                "Daily []: 2025-03-01  5 EUR",
            ),
            (
                page(
                    "SERVICE",
                    &[
                        period("2025-03-01T00:00:00Z", "2025-03-01T01:00:00Z", &[group("S", "1")], ""),
                        period("2025-03-01T23:00:00Z", "2025-03-02T00:00:00Z", &[group("S", "2")], ""),
                    ],
                    "",
                ),
                "Daily [Service]: 2025-03-01 S 1 USD, 2025-03-01 S 2 USD",
            ),
            (
                period("2025-03-01", "2025-03-02", &[group("111122223333", "1")], ""),
                "Daily [Account]: 2025-03-01 111122223333 1 USD",
            ),
            (
                one.replace("AWS Lambda", "x").replace("Tax", "y"),
                "Daily [Service]: 2025-03-30 x 0.1 USD, 2025-03-30 y 3 USD",
            ),
        ] {
            check(&text, expected);
        }
        let amortized = page("SERVICE", &days(), "").replace("UnblendedCost", "AmortizedCost");
        assert_eq!(shown_table(&amortized, AnswerMetric::Any), READ);
        assert_eq!(shown_table(&amortized, AnswerMetric::Of(ExportMetric::Effective)), READ);
    }

    #[test]
    fn an_answer_that_is_not_understood_is_refused_with_its_period() {
        let [one, two] = days();
        let whole = page("SERVICE", &days(), "");
        let month = period("2025-04-01", "2025-05-01", &[group("AWS Lambda", "1")], "");
        for (text, why) in [
            (
                whole.get(..whole.len() - 1).unwrap().to_owned(),
                "the file ends within the JSON; copy it again completely",
            ),
            (whole.replace("\"Groups\": [", "\"Groups\": 3, \"x\": ["), "period `2025-03-30`: `Groups` is not a list"),
            (whole.replace("\"Total\": {}", "\"Total\": 3"), "period `2025-03-30`: `Total` is not an object"),
            (
                whole.replace("\"Groups\": [", "\"x\": [").replace("\"Total\": {}", "\"Total\": null"),
                "period `2025-03-30`: it has neither `Groups` nor `Total`",
            ),
            (format!("{whole}, {whole}"), "it is no JSON: expected value at line 1 column 554"),
            (
                format!("{whole}{whole}"),
                "period `2025-03-30`, group `AWS Lambda` is there twice; the same page may have been added twice",
            ),
            (
                page("SERVICE", &[one.clone(), month], ""),
                "it has days and months; the first of another kind begins `2025-04-01`",
            ),
            (
                whole.replace("UnblendedCost", "UsageQuantity"),
                "it has no `UnblendedCost`, only `UsageQuantity`; ask with --metrics UnblendedCost",
            ),
            (
                whole.replace("\"0.1\"", "0.1"),
                "period `2025-03-30`, group `AWS Lambda`: the amount of `UnblendedCost` is not in quotes, so digits may be lost; use the answer as AWS gives it",
            ),
            (whole.replace("\"0.1\"", "\"much\""), "period `2025-03-30`, group `AWS Lambda`: `much` is not an amount"),
            (
                whole.replace("\"USD\"", "\"N/A\""),
                "period `2025-03-30`, group `AWS Lambda`: `UnblendedCost` has no currency",
            ),
            (whole.replace("2025-03-31", "soon"), "the period from `2025-03-30` to `soon` is no day or month"),
            (
                page("SERVICE USAGE_TYPE", &days(), ""),
                "period `2025-03-30`, group `AWS Lambda`: it has 1 keys, but the answer has 2",
            ),
            (
                format!(
                    "[{}, {}]",
                    page("SERVICE", std::slice::from_ref(&one), ""),
                    page("REGION", std::slice::from_ref(&two), "")
                ),
                "its answers are grouped in different ways; read one of them at a time",
            ),
            (
                r#"{"assemblyId": "a", "reportKeys": []}"#.to_owned(),
                "it is JSON, but no answer of `aws ce get-cost-and-usage`: it has `assemblyId`, `reportKeys`",
            ),
            ("[[1]]".to_owned(), "it is JSON, but no answer of `aws ce get-cost-and-usage`"),
            ("[]".to_owned(), "it has no period"),
        ] {
            check(&text, &format!("refused: {why}"));
        }
    }
}
