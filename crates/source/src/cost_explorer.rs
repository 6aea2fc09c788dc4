//! `read.cost_explorer`: the daily charges of each service from Cost Explorer.

use std::collections::BTreeMap;
use std::sync::Arc;

use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::policy::RequiredCall;
use aws::{AwsClients, BilledGroup, CostExplorerApi, CostGrouping, CostMetric, CostQuery, paging};
use billing::day_cost::DayCost;
use billing::line::{ChargeAmount, ChargeCategory, ChargeKey, DayCharges};
use billing::regions::BilledRegions;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use model::calendar::{Month, day_end};
use model::call_failure::CallFailure;
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use rust_decimal::Decimal;

use crate::poll::{PollBuilder, PollOutput, Source, stored};

const CALLS: &[&str] = &["ce:GetCostAndUsage"];

/// Until this day of a month the bill of the month before still moves: support fees land on the 6th or 7th.
const BILL_MOVES_UNTIL: u32 = 10;
/// On this day of the week a closed month is looked at again: credits and refunds come later than that.
const SECOND_LOOK: Weekday = Weekday::Mon;

/// The settings of `read.cost_explorer`.
#[derive(Debug, Clone)]
pub struct CostExplorer {
    /// How long after its end a day's figure may be compared with others.
    settle: Span,
    metric: CostMetric,
    /// Whether settled days are asked for by usage type as well: one more request a day.
    usage_types: bool,
    /// Only what this linked account used.
    account: Option<AccountId>,
}

/// An account's id: twelve digits.
#[derive(Debug, Clone)]
struct AccountId(String);

impl<'de> serde::Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(format!("`{text}` is not an account id; write twelve digits in quotes")))
    }
}

impl CostExplorer {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let settle = settings.or("settle", Span::hours(48));
        let metric =
            if settings.has("metric") { settings.word("metric", CostMetric::ALL) } else { Some(CostMetric::Unblended) };
        let usage_types = settings.or("usage_types", true);
        let account = if settings.has("account") { settings.required("account").map(Some) } else { Some(None) };
        Some(Self { settle: settle?, metric: metric?, usage_types: usage_types?, account: account? })
    }

    pub(super) fn has_usage_types(&self) -> bool {
        self.usage_types
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        RequiredCall::all(CALLS)
    }

    /// The same for another region. The bill is the account's.
    pub(super) fn elsewhere(self) -> Option<Self> {
        None
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        self.polled(name, account)
    }

    pub(super) fn backfill(self, account: &AwsClients) -> CostBackfill {
        CostBackfill { polled: self.polled(String::new(), account) }
    }

    fn polled(self, name: String, account: &AwsClients) -> CostExplorerSource {
        CostExplorerSource {
            name,
            settings: self,
            billing: Arc::clone(&account.billing),
            answered_before: false,
            closed: None,
            told_apart: BTreeMap::new(),
            regions: BilledRegions::default(),
        }
    }
}

/// Asks for whole months, once.
pub struct CostBackfill {
    polled: CostExplorerSource,
}

impl CostBackfill {
    /// The number of requests per month if every response has one page.
    pub fn requests_a_month(&self) -> usize {
        if self.polled.settings.usage_types { 2 } else { 1 }
    }

    /// The lines of each day of a month that has begun.
    ///
    /// # Errors
    /// If Cost Explorer fails, or the cap forbids the call; requests made until then are billed.
    pub async fn month(&self, month: Month, now: DateTime<Utc>) -> Result<Vec<DayCharges>, CallFailure> {
        let (from, end) = (
            month.first_day(),
            month.end().min(now.date_naive().checked_add_days(Days::new(1)).unwrap_or(month.end())),
        );
        let days = self.polled.ask(from, end, CostGrouping::RecordType).await?;
        let settled_before = self.settled_before(month, now);
        let told_apart = settled_before > from && self.polled.settings.usage_types;
        let mut used = if told_apart {
            self.polled.ask(from, settled_before, CostGrouping::UsageType).await?
        } else {
            BTreeMap::new()
        };
        // An estimate of nothing only says that nothing has arrived yet.
        let known = days.iter().filter(|(_, answered)| !(answered.groups.is_empty() && answered.estimated));
        Ok(known.map(|(day, answered)| lines_of(*day, answered, used.remove(day).unwrap_or_default())).collect())
    }

    /// The first day of a month that is not settled.
    pub fn settled_before(&self, month: Month, now: DateTime<Utc>) -> NaiveDate {
        month.end().min((now - self.polled.settings.settle.delta()).date_naive()).max(month.first_day())
    }
}

struct CostExplorerSource {
    name: String,
    settings: CostExplorer,
    billing: Arc<dyn CostExplorerApi>,
    /// Whether the month before has been read once.
    answered_before: bool,
    /// The last month whose invoice is written: no figure of it is estimated, and support fees are in.
    closed: Option<Month>,
    /// The settled days that were asked for by usage type, with what the bill said they cost then.
    told_apart: BTreeMap<NaiveDate, Decimal>,
    /// The regions that the bill has named.
    regions: BilledRegions,
}

/// What one answer says of a day.
#[derive(Default)]
struct DayAnswer {
    estimated: bool,
    groups: Vec<BilledGroup>,
}

impl DayAnswer {
    fn sum(&self) -> Decimal {
        self.groups.iter().map(|group| group.money.amount).sum()
    }
}

impl CostExplorerSource {
    /// Half open: the month so far, and the month before while it may still move or is not known.
    fn range(&self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let month = Month::of(today);
        let moves =
            today.day() <= BILL_MOVES_UNTIL || self.closed != Some(month.previous()) || today.weekday() == SECOND_LOOK;
        let from = if moves || !self.answered_before { month.previous() } else { month }.first_day();
        (from, today.checked_add_days(Days::new(1)).unwrap_or(today))
    }

    async fn ask(
        &self,
        from: NaiveDate,
        end: NaiveDate,
        by: CostGrouping,
    ) -> Result<BTreeMap<NaiveDate, DayAnswer>, CallFailure> {
        let account = self.settings.account.as_ref().map(|account| account.0.clone());
        let question = CostQuery { from, end, metric: self.settings.metric, by, account };
        let (billing, question) = (self.billing.as_ref(), &question);
        let billed = paging::all("ce:GetCostAndUsage", "the account's bill", |token| async move {
            billing.costs(question, token.as_deref()).await
        })
        .await?;
        let mut days = BTreeMap::<NaiveDate, DayAnswer>::new();
        for billed in billed {
            // A day may be cut in two by the end of a page.
            let day = days.entry(billed.day).or_default();
            day.estimated |= billed.estimated;
            day.groups.extend(billed.groups);
        }
        Ok(days)
    }

    fn is_settled(&self, day: NaiveDate, answered: &DayAnswer, now: DateTime<Utc>) -> bool {
        now >= day_end(day) && (!answered.estimated || now - day_end(day) >= self.settings.settle.delta())
    }

    /// The usage types of the settled days that are not told apart yet, or cost something else by now.
    async fn usage_types(
        &mut self,
        days: &BTreeMap<NaiveDate, DayAnswer>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DayCharges>, CallFailure> {
        let open = |(day, answered): &(&NaiveDate, &DayAnswer)| {
            self.is_settled(**day, answered, now)
                && self.told_apart.get(*day) != Some(&answered.sum())
                && !answered.groups.is_empty()
        };
        let wanted: Vec<NaiveDate> = days.iter().filter(open).map(|(day, _)| *day).collect();
        let Some((first, end)) = wanted.first().copied().zip(wanted.last().and_then(NaiveDate::succ_opt)) else {
            return Ok(vec![]);
        };
        let mut found = self.ask(first, end, CostGrouping::UsageType).await?;
        let mut lines = Vec::new();
        for day in wanted {
            let Some(answered) = days.get(&day) else { continue };
            self.told_apart.insert(day, answered.sum());
            lines.push(lines_of(day, answered, found.remove(&day).unwrap_or_default()));
        }
        Ok(lines)
    }
}

/// The lines of a day: everything that is used by usage type, the rest by record type, and what the usage types leave
/// over as a line without one. They add up to what the bill says by record type.
fn lines_of(day: NaiveDate, by_record_type: &DayAnswer, by_usage_type: DayAnswer) -> DayCharges {
    let mut lines = DayCharges { estimated: by_record_type.estimated, ..DayCharges::new(day) };
    // What is left of a service once its usage types are taken out, by service and currency, with the record type it
    // came under.
    let mut rest = BTreeMap::<(&str, &str), (Decimal, &str)>::new();
    for group in &by_record_type.groups {
        if ChargeCategory::of_record_type(&group.record_type) == ChargeCategory::Usage {
            let rest =
                rest.entry((&group.service, &group.money.currency)).or_insert((Decimal::ZERO, &group.record_type));
            rest.0 += group.money.amount;
            if rest.1 != group.record_type {
                rest.1 = DayCost::USAGE;
            }
        } else {
            lines.add(key(group, &group.record_type, ""), charged(group));
        }
    }
    for group in &by_usage_type.groups {
        // A service that the first answer does not know has come between the two; the next poll has it in both.
        let Some(rest) = rest.get_mut(&(group.service.as_str(), group.money.currency.as_str())) else { continue };
        rest.0 -= group.money.amount;
        lines.add(key(group, rest.1, &group.usage_type), charged(group));
    }
    for ((service, currency), (amount, record_type)) in rest {
        if !amount.is_zero() {
            let key = ChargeKey {
                service: service.to_owned(),
                record_type: record_type.to_owned(),
                usage_type: String::new(),
                account: String::new(),
                resource: String::new(),
                currency: currency.to_owned(),
            };
            lines.add(key, ChargeAmount { amount, ..ChargeAmount::default() });
        }
    }
    lines
}

fn key(group: &BilledGroup, record_type: &str, usage_type: &str) -> ChargeKey {
    ChargeKey {
        service: group.service.clone(),
        record_type: record_type.to_owned(),
        usage_type: usage_type.to_owned(),
        account: String::new(),
        resource: String::new(),
        currency: group.money.currency.clone(),
    }
}

fn charged(group: &BilledGroup) -> ChargeAmount {
    let (quantity, unit) = group.quantity.clone().unzip();
    ChargeAmount { amount: group.money.amount, quantity, unit: unit.unwrap_or_default() }
}

#[async_trait]
impl Source for CostExplorerSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.answered_before = cursors.contains_key("answered");
        self.closed = cursors.get("closed").and_then(|month| month.parse().ok());
        self.told_apart =
            cursors.get("told_apart").and_then(|days| stored(&self.name, "told_apart", days)).unwrap_or_default();
        self.regions =
            cursors.get("regions").and_then(|regions| stored(&self.name, "regions", regions)).unwrap_or_default();
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let name = self.name.clone();
        let mut poll = PollBuilder::new(&name, now);
        let today = now.date_naive();
        let (from, end) = self.range(today);
        let days = match self.ask(from, end, CostGrouping::RecordType).await {
            Ok(days) => days,
            Err(failure) => {
                poll.failed(failure);
                return poll.done();
            }
        };
        for (day, answered) in &days {
            // An estimate of nothing only says that nothing has arrived yet.
            if answered.groups.is_empty() && answered.estimated {
                continue;
            }
            let mut cost = DayCost::new(*day, answered.estimated, self.is_settled(*day, answered, now));
            answered.groups.iter().for_each(|group| cost.add(&group.service, &group.record_type, &group.money));
            poll.saw(day_end(*day).min(now), ObservationBody::Cost(cost));
        }
        let month_before = Month::of(today).previous();
        let mut of_before = days.range(month_before.first_day()..month_before.end()).peekable();
        if of_before.peek().is_some()
            && of_before.all(|(_, answered)| !answered.estimated)
            && today.day() > BILL_MOVES_UNTIL
        {
            self.closed = Some(month_before);
            poll.gathered.cursors.push(("closed".to_owned(), month_before.to_string()));
        }
        if self.settings.usage_types {
            let known = self.told_apart.len();
            match self.usage_types(&days, now).await {
                // The figures themselves are known; why they are what they are can wait.
                Err(failure) => poll.failed(failure),
                Ok(lines) => {
                    let changed = !lines.is_empty() || self.told_apart.len() != known;
                    let regions_before = self.regions.clone();
                    for lines in lines {
                        let at = day_end(lines.day).min(now);
                        for new in self.regions.learn(&lines) {
                            poll.saw(at, ObservationBody::NewRegion(new));
                        }
                        poll.saw(at, ObservationBody::Lines(lines));
                    }
                    if self.regions != regions_before {
                        poll.gathered
                            .cursors
                            .extend(serde_json::to_string(&self.regions).ok().map(|text| ("regions".to_owned(), text)));
                    }
                    self.told_apart.retain(|day, _| *day >= month_before.first_day());
                    if let Some(days) = changed.then(|| serde_json::to_string(&self.told_apart).ok()).flatten() {
                        poll.gathered.cursors.push(("told_apart".to_owned(), days));
                    }
                }
            }
        }
        if !std::mem::replace(&mut self.answered_before, true) {
            poll.gathered.cursors.push(("answered".to_owned(), today.to_string()));
        }
        poll.done()
    }
}
