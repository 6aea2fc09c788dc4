//! The platform's records of an invocation as an object over several lines: its beginning and its summary, in the forms
//! that nearly all have. Anything else is left to [`crate::line`].

use std::borrow::Cow;

use crate::line::{LogLine, PlatformStatus, ReportLine};

/// Reads the text of an object from its beginning.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn skip(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// A text without anything in it that JSON escapes, and what closes it.
    fn text(&mut self) -> Option<&'a str> {
        let rest = self.0.strip_prefix('"')?;
        let (text, rest) = rest.split_once('"')?;
        self.0 = rest;
        text.bytes().all(|byte| byte != b'\\' && byte >= b' ').then_some(text)
    }

    /// A number of at most fifteen digits, which only one number of the machine is nearest to.
    fn number(&mut self) -> Option<f64> {
        let end = self.0.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, rest) = self.0.split_at_checked(end)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_json = !whole.is_empty()
            && (whole == "0" || !whole.starts_with('0'))
            && !part.is_empty()
            && !part.contains('.')
            && number.len() <= 15;
        self.0 = rest;
        number.parse().ok().filter(|_| is_json)
    }

    /// Whether another member follows; otherwise what closes the object has been skipped.
    fn goes_on(&mut self, close: &str) -> Option<bool> {
        if let Some(rest) = self.0.strip_prefix(",\n") {
            self.0 = rest;
            return Some(true);
        }
        self.skip("\n")?;
        self.skip(close)?;
        Some(false)
    }
}

/// The record of a kind, from its first member on.
fn record<'a>(object: &'a str, kind: &str) -> Option<Cursor<'a>> {
    let mut cursor = Cursor(object);
    cursor.skip("{\n    \"time\": ")?;
    cursor.text()?;
    cursor.skip(",\n    \"type\": \"platform.")?;
    cursor.skip(kind)?;
    cursor.skip("\",\n    \"record\": {\n")?;
    Some(cursor)
}

/// The id of a request in the form that all have.
fn id(text: &str) -> Option<Cow<'_, str>> {
    crate::fields::leading_uuid(text).filter(|(_, rest)| rest.is_empty()).map(|(id, _)| Cow::Borrowed(id))
}

/// The beginning of an invocation.
pub(super) fn start(object: &str) -> Option<LogLine<'_>> {
    let mut cursor = record(object, "start")?;
    cursor.skip("        \"requestId\": ")?;
    let request_id = Some(id(cursor.text()?)?);
    cursor.skip(",\n        \"version\": ")?;
    let version = Some(cursor.text()?).filter(|version| !version.is_empty()).map(Cow::Borrowed);
    cursor.skip("\n    }\n}")?;
    cursor.0.is_empty().then_some(LogLine::Start { request_id, version })
}

/// The summary of an invocation that went well.
pub(super) fn report(object: &str) -> Option<LogLine<'_>> {
    let mut cursor = record(object, "report")?;
    let (mut request_id, mut status, mut figures) = (None, None, None);
    loop {
        cursor.skip("        \"")?;
        if cursor.skip("requestId\": ").is_some() {
            let known = request_id.replace(id(cursor.text()?)?);
            known.is_none().then_some(())?;
        } else if cursor.skip("status\": ").is_some() {
            let known = status.replace(PlatformStatus::of(cursor.text()?));
            known.is_none().then_some(())?;
        } else {
            cursor.skip("metrics\": {\n")?;
            let known = figures.replace(metrics(&mut cursor)?);
            known.is_none().then_some(())?;
        }
        if !cursor.goes_on("    }\n}")? {
            break;
        }
    }
    let status = status.filter(|status| !status.is_bad())?;
    let report = ReportLine { status, ..figures? };
    cursor.0.is_empty().then_some(LogLine::Report { request_id: Some(request_id?), report })
}

fn metrics(cursor: &mut Cursor<'_>) -> Option<ReportLine> {
    let mut report = ReportLine::default();
    let mut duration = None;
    loop {
        cursor.skip("            ")?;
        let name = cursor.text()?;
        cursor.skip(": ")?;
        let number = crate::fields::measured(cursor.number()?)?;
        let known = match name {
            "durationMs" => duration.replace(number),
            "billedDurationMs" => report.billed_ms.replace(number),
            "memorySizeMB" => report.memory_mb.replace(number),
            "maxMemoryUsedMB" => report.max_memory_mb.replace(number),
            "initDurationMs" => report.init_ms.replace(number),
            "restoreDurationMs" => report.restore_ms.replace(number),
            _ => return None,
        };
        known.is_none().then_some(())?;
        if !cursor.goes_on("        }")? {
            break;
        }
    }
    report.duration_ms = duration?;
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line;

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    /// What is read of an object here is what is read of it in full; `is_read` says whether anything is.
    fn check(object: &str, is_read: bool) {
        let object = object.replace("@ID", ID);
        let found = start(&object).or_else(|| report(&object));
        assert_eq!(found.is_some(), is_read, "{object}");
        if let Some(found) = found {
            assert_eq!(found, line::parse(&object), "{object}");
        }
    }

    #[test]
    fn a_record_is_read_as_in_full_or_not_at_all() {
        let start = "{\n    \"time\": \"t\",\n    \"type\": \"platform.start\",\n    \"record\": {\n        \"requestId\": \"@ID\",\n        \"version\": \"$LATEST\"\n    }\n}";
        let report = |metrics: &str, status: &str| {
            format!(
                "{{\n    \"time\": \"t\",\n    \"type\": \"platform.report\",\n    \"record\": {{\n        \"requestId\": \"@ID\",\n        \"metrics\": {{\n{metrics}\n        }},\n        \"status\": \"{status}\"\n    }}\n}}"
            )
        };
        let all = "            \"durationMs\": 17.88,\n            \"billedDurationMs\": 18,\n            \"memorySizeMB\": 512,\n            \"maxMemoryUsedMB\": 108,\n            \"initDurationMs\": 812.5";
        for (object, is_read) in [
            (start.to_owned(), true),
            (start.replace("$LATEST", "3"), true),
            (start.replace("@ID", "short"), false),
            (start.replace("$LATEST", "a\\u0062"), false),
            (start.replace("\"\n    }", "\",\n    }"), false),
            (report(all, "success"), true),
            (report("            \"durationMs\": 0.1", "success"), true),
            (report("            \"durationMs\": 123456789012345", "success"), false),
            (report("            \"durationMs\": 017.88", "success"), false),
            (report("            \"durationMs\": 17.", "success"), false),
            (report("            \"durationMs\": 1.7e2", "success"), false),
            (report("            \"durationMs\": 1,\n            \"durationMs\": 2", "success"), false),
            (report("            \"memorySizeMB\": 128", "success"), false),
            (report(&all.replace("17.88", "-17.88"), "success"), false),
            (report(&format!("{all},"), "success"), false),
            (report(all, "timeout"), false),
            (report(all, "success").replace("\"metrics\"", "\"spans\""), false),
            (report(all, "success") + "\n", false),
        ] {
            check(&object, is_read);
        }
    }
}
