//! Recognizes a bill in text by how it begins.

use super::columns;

/// What a text can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// A row for each charge: FOCUS and CUR.
    LineItems,
    /// "Download CSV" of Cost Explorer.
    CostExplorerCsv,
    /// Answers of `GetCostAndUsage`.
    CostExplorerJson,
    /// The columns `date`, `series` and `amount`.
    DailySeries,
    /// CSV of another kind, or no CSV.
    Unknown,
}

/// Rows that are looked at: a download of Cost Explorer has up to three before its first day.
const ROWS: usize = 3;

/// Recognizes a text by its first bytes; they should hold the first rows.
pub fn of(first: &[u8]) -> TextFormat {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    if is_json(first.trim_ascii_start()) {
        return TextFormat::CostExplorerJson;
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(first);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.byte_records().take(ROWS) {
        let Ok(record) = record else { break };
        rows.push(record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect());
    }
    let Some(names) = rows.first() else { return TextFormat::Unknown };
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if columns::is_of_line_items(names) {
        TextFormat::LineItems
    } else if ["date", "series", "amount"].into_iter().all(has) {
        TextFormat::DailySeries
    } else if is_download(&rows) {
        TextFormat::CostExplorerCsv
    } else {
        TextFormat::Unknown
    }
}

/// An object, or a list of objects or lists; `[watch.spend]` is none.
fn is_json(text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else { return false };
    let next = rest.trim_ascii_start().first();
    match first {
        b'{' => matches!(next, None | Some(b'"' | b'}')),
        b'[' => matches!(next, None | Some(b'{' | b'[' | b']')),
        _ => false,
    }
}

/// Columns with the sign of the currency, or a row or column of totals.
fn is_download(rows: &[Vec<String>]) -> bool {
    let is_total = |name: &String| name.to_ascii_lowercase().starts_with("total cost");
    rows.iter().flatten().any(|cell| cell.ends_with("($)") || is_total(cell))
        || rows.iter().skip(1).filter_map(|row| row.first()).any(|first| first.to_ascii_lowercase().ends_with(" total"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_its_first_rows() {
        for (text, expected) in [
            ("\u{feff}BilledCost,BillingCurrency,ServiceName\n", TextFormat::LineItems),
            ("identity/LineItemId,lineItem/UnblendedCost\n", TextFormat::LineItems),
            ("line_item_usage_type,x\n", TextFormat::LineItems),
            ("\u{feff}\n {\"ResultsByTime\": []}", TextFormat::CostExplorerJson),
            ("[]", TextFormat::CostExplorerJson),
            ("Amount, Series ,DATE,note\n", TextFormat::DailySeries),
            ("Service,Lambda($),Total costs($)\n", TextFormat::CostExplorerCsv),
            (
                "\"Linked account\",\"111122223333\"\n\"Linked account name\",\"prod ($)\"\n",
                TextFormat::CostExplorerCsv,
            ),
            ("Region,eu-west-1\nRegion total,5\n", TextFormat::CostExplorerCsv),
            ("[watch.spend]\nevery = \"6h\"\n", TextFormat::Unknown),
            ("name,age\nAnn,3\n", TextFormat::Unknown),
            ("", TextFormat::Unknown),
        ] {
            assert_eq!(of(text.as_bytes()), expected, "{text}");
        }
    }
}
