//! Totals of a download of Cost Explorer: which they are, and whether they are the sums of its cells.

use rust_decimal::Decimal;

use super::amount::ExactAmount;
use super::download_cells::{AmountColumn, Amounts, DownloadError, DownloadRow, in_row, no_day, refused, shown};

/// Whether the first cell of a row says that it has totals: `Service total`.
pub(super) fn is_total(cell: &str) -> bool {
    let cell = cell.to_ascii_lowercase();
    cell == "total" || cell.ends_with(" total") || cell == "total costs"
}

/// An amount that is no sum of others, and what they add up to.
fn other_sum(written: ExactAmount, cells: &[ExactAmount], half: ExactAmount) -> Option<(Decimal, String)> {
    let shown = |sum: ExactAmount| (written.decimal().0, sum.decimal().0.to_string());
    let Some(sum) = cells.iter().try_fold(ExactAmount::default(), |sum, cell| sum.plus(*cell)) else {
        return Some((written.decimal().0, "more than can be added up".to_owned()));
    };
    let within = written.distance(sum).zip(half.times(cells.len() + 1)).is_some_and(|(off, most)| off <= most);
    (!within).then(|| shown(sum))
}

/// A row without a day is that of totals if its amounts are the sums of the others. One row alone behind a single day
/// has the same amounts by chance.
pub(super) fn check_unnamed_total(
    amounts: &Amounts,
    columns: &[AmountColumn],
    periods: &[&DownloadRow],
    row: &DownloadRow,
) -> Result<(), DownloadError> {
    let half = amounts.half_a_cent_or_less();
    let is_sum = |place: usize| {
        let cells: Vec<ExactAmount> = periods.iter().filter_map(|row| amounts.of(row, place)).collect();
        other_sum(amounts.of(row, place).unwrap_or_default(), &cells, half).is_none()
    };
    let is_first = periods.first().is_some_and(|first| row.line < first.line);
    let holds = columns.iter().zip(1..).all(|(_, place)| is_sum(place));
    if holds && (is_first || periods.len() > 1) { Ok(()) } else { no_day(Some(row)) }
}

/// The last column has the totals if it is the sum of the others in every row, whatever it is called.
pub(super) fn find_total_column(
    amounts: &Amounts,
    columns: &mut [AmountColumn],
    periods: &[&DownloadRow],
) -> Result<(), DownloadError> {
    let half = amounts.half_a_cent_or_less();
    let last = columns.len();
    let is_candidate = columns.iter().all(|column| !column.is_total)
        && columns.windows(2).all(|pair| matches!(pair, [a, b] if a.currency == b.currency));
    let others = |row: &DownloadRow| -> Vec<ExactAmount> {
        let cells = (1..last).filter_map(|place| amounts.of(row, place));
        cells.filter(|amount| *amount != ExactAmount::default()).collect()
    };
    let is_sum =
        |row: &&DownloadRow| other_sum(amounts.of(row, last).unwrap_or_default(), &others(row), half).is_none();
    let has_amount = periods.iter().any(|row| amounts.of(row, last).is_some_and(|sum| sum != ExactAmount::default()));
    let Some((column, rest)) = columns.split_last_mut().filter(|(_, rest)| !rest.is_empty()) else { return Ok(()) };
    if !is_candidate || !has_amount || !periods.iter().all(is_sum) {
        return Ok(());
    }
    // A single amount that is there twice is no sum.
    if !periods.iter().any(|row| others(row).len() > 1) {
        let same = rest.iter().zip(1..).find(|(_, place)| {
            periods.iter().any(|row| amounts.of(row, *place).is_some_and(|amount| amount != ExactAmount::default()))
        });
        let (one, last) = (same.map(|(column, _)| shown(&column.name)).unwrap_or_default(), shown(&column.name));
        let why = "call it `Total costs($)` if it has the totals, or delete one of the columns";
        return refused(format!("the column {last} has the same amounts as {one}, so it can be the total; {why}"));
    }
    column.is_total = true;
    Ok(())
}

/// Compares the totals that are written with the sums of the cells.
pub(super) fn check_totals(
    amounts: &Amounts,
    columns: &[AmountColumn],
    periods: &[&DownloadRow],
    totals: Option<&DownloadRow>,
) -> Result<(), DownloadError> {
    let half = amounts.half_a_digit();
    for (column, place) in columns.iter().zip(1..) {
        let Some((total, written)) = totals.and_then(|row| Some((row, amounts.of(row, place)?))) else { continue };
        let cells: Vec<ExactAmount> = periods.iter().filter_map(|row| amounts.of(row, place)).collect();
        if let Some((written, sum)) = other_sum(written, &cells, half) {
            let name = shown(&column.name);
            let why = "rows are missing or changed; download it again";
            return in_row(
                total.line,
                format!("column {name}: the total is {written}, but the rows add up to {sum}; {why}"),
            );
        }
    }
    let is_one_currency = columns.windows(2).all(|pair| matches!(pair, [a, b] if a.currency == b.currency));
    let total = columns.iter().zip(1..).find(|(column, _)| column.is_total && columns.len() > 1 && is_one_currency);
    let Some((_, place)) = total else { return Ok(()) };
    for row in periods {
        let Some(written) = amounts.of(row, place) else { continue };
        let cells = columns.iter().zip(1..).filter(|(column, _)| !column.is_total);
        let cells: Vec<ExactAmount> = cells.filter_map(|(_, place)| amounts.of(row, place)).collect();
        if let Some((written, sum)) = other_sum(written, &cells, half) {
            let why = "columns are missing or changed; download it again";
            return in_row(row.line, format!("the total is {written}, but the columns add up to {sum}; {why}"));
        }
    }
    Ok(())
}
