//! Amounts as spreadsheets write them: `$10,100.00`, `(5.00)`, `1,234`. What can be read in two ways is not guessed.

use super::amount::ExactAmount;

/// An amount of money in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyRead {
    /// The amount; if it is in doubt, that with commas between thousands.
    pub amount: ExactAmount,
    /// The amount had more than 28 decimal places.
    pub rounded: bool,
    /// What the cell shows of the notation.
    pub shows: CommaMeaning,
}

/// What a cell shows of the commas in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommaMeaning {
    /// Nothing.
    Unknown,
    /// A comma can only separate thousands here.
    Thousands,
    /// It has one comma, which can separate thousands or decimals: `10,100`.
    Doubt,
}

/// Why a cell is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMoney {
    /// It is no number.
    NotANumber,
    /// Its decimals stand behind a comma.
    DecimalComma,
    /// It has the sign of another currency.
    OtherCurrency,
}

/// Signs of currencies, and the ISO codes that are written with them.
const SIGNS: &[(&str, &[&str])] = &[
    ("$", &["USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"]),
    ("\u{20ac}", &["EUR"]),
    ("\u{a3}", &["GBP"]),
    ("\u{a5}", &["CNY", "JPY"]),
    ("\u{20a9}", &["KRW"]),
    ("\u{20b9}", &["INR"]),
];

/// The currency that a sign alone means in AWS's own tables, which are in US dollars or, in China, in another one.
pub fn currency_of(sign: &str) -> Option<&'static str> {
    match sign {
        "$" => Some("USD"),
        "\u{20ac}" => Some("EUR"),
        "\u{a3}" => Some("GBP"),
        "\u{20a9}" => Some("KRW"),
        "\u{20b9}" => Some("INR"),
        _ => None,
    }
}

/// Reads an amount of a currency, whose sign or code it may have.
///
/// # Errors
/// If it is no number, or of another currency, or has a decimal comma.
pub fn read(text: &str, currency: &str) -> Result<MoneyRead, NotMoney> {
    let text = text.trim();
    if let Ok((amount, rounded)) = ExactAmount::read(text) {
        return Ok(MoneyRead { amount, rounded, shows: of_point(text) });
    }
    let (is_negative, bare) = without_sign(text);
    let bare = without_currency(bare, currency)?;
    // The minus can also stand behind the sign of the currency: `$-5.00`.
    let (is_negative, bare) = match without_sign(bare) {
        (true, _) if is_negative => return Err(NotMoney::NotANumber),
        (inner, bare) => (is_negative || inner, bare),
    };
    // An exponent, behind the sign of the currency.
    if let Some((amount, rounded)) = ExactAmount::read(bare).ok().filter(|_| bare.contains(['e', 'E'])) {
        let amount = if is_negative { amount.negated() } else { amount };
        return Ok(MoneyRead { amount, rounded, shows: of_point(bare) });
    }
    let (digits, shows) = without_thousands(bare)?;
    let (amount, rounded) = ExactAmount::read(&digits).map_err(|_| NotMoney::NotANumber)?;
    Ok(MoneyRead { amount: if is_negative { amount.negated() } else { amount }, rounded, shows })
}

/// A minus, or the parentheses of accountants.
fn without_sign(text: &str) -> (bool, &str) {
    if let Some(rest) = text.strip_prefix('-') {
        return (true, rest.trim_start());
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    }
}

fn without_currency<'a>(text: &'a str, currency: &str) -> Result<&'a str, NotMoney> {
    let cut = |mark: &str| text.strip_prefix(mark).or_else(|| text.strip_suffix(mark)).map(str::trim);
    if let Some(rest) = Some(currency).filter(|code| !code.is_empty()).and_then(cut) {
        return Ok(rest);
    }
    for (sign, codes) in SIGNS {
        if let Some(rest) = cut(sign) {
            return if codes.contains(&currency) { Ok(rest) } else { Err(NotMoney::OtherCurrency) };
        }
    }
    Ok(text)
}

/// What a plain number shows: if the point separates decimals, commas do not.
fn of_point(text: &str) -> CommaMeaning {
    match text.split_once('.') {
        Some((whole, behind)) if behind.len() != 3 || matches!(whole, "0" | "-0" | "" | "-") => CommaMeaning::Thousands,
        _ => CommaMeaning::Unknown,
    }
}

/// The number without the commas between its thousands.
fn without_thousands(text: &str) -> Result<(String, CommaMeaning), NotMoney> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b',' | b'.'));
    if !is_number {
        return Err(NotMoney::NotANumber);
    }
    let Some(last_comma) = text.rfind(',') else { return Ok((text.to_owned(), of_point(text))) };
    let commas = text.bytes().filter(|byte| *byte == b',').count();
    match text.split_once('.') {
        // `1.234,56`, and `1.234.567,8`.
        Some((first, _)) if first.len() < last_comma => {
            Err(if commas == 1 { NotMoney::DecimalComma } else { NotMoney::NotANumber })
        }
        Some((whole, _)) if is_in_thousands(whole) => Ok((text.replace(',', ""), CommaMeaning::Thousands)),
        Some(_) => Err(NotMoney::NotANumber),
        None if commas > 1 && is_in_thousands(text) => Ok((text.replace(',', ""), CommaMeaning::Thousands)),
        None if commas > 1 => Err(NotMoney::NotANumber),
        None if is_in_thousands(text) && !text.starts_with('0') => Ok((text.replace(',', ""), CommaMeaning::Doubt)),
        None => Err(NotMoney::DecimalComma),
    }
}

/// `1,234,567`: at most three digits, then three behind each comma.
fn is_in_thousands(whole: &str) -> bool {
    let mut groups = whole.split(',');
    groups.next().is_some_and(|first| (1..=3).contains(&first.len())) && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_refused_or_in_doubt() {
        use CommaMeaning::{Doubt, Thousands, Unknown};
        use NotMoney::{DecimalComma, NotANumber, OtherCurrency};
        for (text, expected) in [
            ("12.5", Ok(("12.5", Thousands))),
            ("12.345", Ok(("12.345", Unknown))),
            ("0.345", Ok(("0.345", Thousands))),
            ("12", Ok(("12", Unknown))),
            ("7.865e-7", Ok(("0.0000007865", Thousands))),
            ("\u{a0}1E-8", Ok(("0.00000001", Unknown))),
            ("-$1.5E-7", Ok(("-0.00000015", Thousands))),
            ("$20,200.00 ", Ok(("20200", Thousands))),
            ("$20", Ok(("20", Unknown))),
            ("-$1,234.5", Ok(("-1234.5", Thousands))),
            ("$-1.50", Ok(("-1.5", Thousands))),
            ("($1,234.50)", Ok(("-1234.5", Thousands))),
            ("(0.5)", Ok(("-0.5", Thousands))),
            ("USD 5.10", Ok(("5.1", Thousands))),
            ("5.10 USD", Ok(("5.1", Thousands))),
            ("1,234,567", Ok(("1234567", Thousands))),
            ("1,234,567.891", Ok(("1234567.891", Thousands))),
            ("10,100", Ok(("10100", Doubt))),
            ("-10,100", Ok(("-10100", Doubt))),
            ("0,100", Err(DecimalComma)),
            ("1,5", Err(DecimalComma)),
            ("1234,56", Err(DecimalComma)),
            ("1.234,56", Err(DecimalComma)),
            ("$1.234.567,8", Err(DecimalComma)),
            ("1,23,456.00", Err(NotANumber)),
            ("1,234.5.6", Err(NotANumber)),
            ("1,234,56", Err(NotANumber)),
            ("--5", Err(NotANumber)),
            ("(-5)", Err(NotANumber)),
            ("$", Err(NotANumber)),
            ("1 234.5", Err(NotANumber)),
            ("five", Err(NotANumber)),
            ("\u{20ac}5.00", Err(OtherCurrency)),
        ] {
            let read = read(text, "USD").map(|read| (read.amount.decimal().0.to_string(), read.shows));
            assert_eq!(read, expected.map(|(amount, shows)| (amount.to_owned(), shows)), "{text}");
        }
        assert_eq!(read("$5.00", "EUR"), Err(OtherCurrency));
        assert_eq!(read("\u{20a9}5,000", "KRW").map(|read| read.amount.decimal().0.to_string()), Ok("5000".to_owned()));
    }
}
