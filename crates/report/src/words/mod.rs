//! The message catalogs of reports, `en.ftl` and `ko.ftl`, in the syntax of <https://projectfluent.org>, with numbers
//! and dates in the format of each language.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use fluent::memoizer::MemoizerKind;
use fluent::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use model::calendar::Month;
use model::currency::{grouped, shown};
use model::language::Language;
use model::span::spoken;
use rust_decimal::Decimal;
use unic_langid::LanguageIdentifier;

/// The message catalog of one language.
pub(super) struct Catalog {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// Says what stands under a key: `say!(words, "total", amount = "25.30 USD")`.
macro_rules! say {
    ($words:expr, $key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $words.say($key, &[$((stringify!($name), fluent::FluentValue::from($value))),*])
    };
}
pub(super) use say;

fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("en.ftl"),
        Language::Ko => include_str!("ko.ftl"),
    }
}

/// Counts have commas between thousands, in both languages.
fn written<M: MemoizerKind>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) => number.as_string().parse::<Decimal>().ok().map(|number| grouped(number, 0)),
        _ => None,
    }
}

/// Parses the texts of every language.
///
/// # Errors
/// A sentence that names the language and what is wrong with its file.
pub(super) fn load() -> Result<(), String> {
    for (code, language) in Language::ALL {
        let parsed = FluentResource::try_new(source(*language).to_owned());
        parsed.map_err(|(_, errors)| format!("the texts of reports in `{code}` cannot be read: {errors:?}"))?;
    }
    Ok(())
}

impl Catalog {
    pub(super) fn of(language: Language) -> Self {
        // The codes are well formed; without a locale only plurals would be another language's.
        let locale: LanguageIdentifier = language.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![locale]);
        // The marks around what is filled in are for texts that mix directions of reading.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(written));
        // `load` has told what is wrong with the file, and the program has not started.
        let resource = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(rest, _)| rest);
        bundle.add_resource_overriding(resource);
        Self { language, bundle }
    }

    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// The message of a key with its arguments filled in; the key itself if there is none.
    pub(super) fn say(&self, key: &str, filled_in: &[(&str, FluentValue<'_>)]) -> String {
        self.known(key, filled_in).unwrap_or_else(|| key.to_owned())
    }

    fn known(&self, key: &str, filled_in: &[(&str, FluentValue<'_>)]) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut arguments = FluentArgs::new();
        filled_in.iter().for_each(|(name, value)| arguments.set(*name, value.clone()));
        let mut errors = vec![];
        let text = self.bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{key}: {errors:?}");
        Some(text)
    }

    /// The name of a code of a kind, such as a cause; the code itself if the catalog has none.
    pub(super) fn named(&self, kind: &str, code: &str) -> String {
        self.known(&format!("{kind}-{}", code.replace('_', "-")), &[]).unwrap_or_else(|| code.to_owned())
    }

    /// `December 2024`, `2024년 12월`.
    pub(super) fn month(&self, month: Month) -> String {
        let first = month.first_day();
        match self.language {
            Language::En => first.format("%B %Y").to_string(),
            Language::Ko => format!("{}년 {}월", first.year(), first.month()),
        }
    }

    /// `2 Dec`, `12월 2일`.
    pub(super) fn day(&self, day: NaiveDate) -> String {
        match self.language {
            Language::En => day.format("%-d %b").to_string(),
            Language::Ko => format!("{}월 {}일", day.month(), day.day()),
        }
    }

    /// A day and a time of day in a zone.
    pub(super) fn moment(&self, at: DateTime<Utc>, zone: Tz) -> String {
        let local = at.with_timezone(&zone);
        format!("{} {}", self.day(local.date_naive()), local.format("%H:%M"))
    }

    /// A length of time in its two largest units: `2 d 3 h`, `2일 3시간`.
    pub(super) fn length(&self, length: TimeDelta) -> String {
        let spoken = spoken(length);
        let parts: Vec<&str> = spoken.split(' ').collect();
        let part = |pair: &[&str]| match pair {
            [number, unit] => self.say(&format!("unit-{unit}"), &[("n", FluentValue::from((*number).to_owned()))]),
            other => other.concat(),
        };
        parts.chunks(2).map(part).collect::<Vec<_>>().join(" ")
    }

    /// An amount with its sign, without its currency.
    pub(super) fn change(amount: Decimal, currency: &str) -> String {
        let sign = if amount > Decimal::ZERO { "+" } else { "" };
        format!("{sign}{}", shown(amount, currency))
    }

    /// A change in whole percent, with its sign.
    pub(super) fn percent(percent: Decimal) -> String {
        let sign = if percent > Decimal::ZERO { "+" } else { "" };
        format!("{sign}{}", grouped(percent, 0))
    }

    /// An error in percent with one decimal, without its sign.
    pub(super) fn error_percent(percent: Decimal) -> String {
        grouped(percent.abs(), 1)
    }
}

#[cfg(test)]
mod tests;
