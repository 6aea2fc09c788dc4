//! What tells numbers of cards and people, and random text, from other numbers and words.

use std::ops::Range;

/// A match of a pattern, without what stays around it, and the text around that.
#[derive(Clone, Copy)]
pub(super) struct Match<'a> {
    pub(super) before: &'a str,
    pub(super) text: &'a str,
    pub(super) after: &'a str,
}

/// Letters and digits that no word and no name has: both, and often changing.
pub(super) fn is_random(text: &str, may_be_hex: bool) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=.~%|\\".contains(&byte);
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let has_both = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.len() >= 16
        && text.bytes().all(is_of_token)
        && has_both
        && if is_hex { may_be_hex } else { changes(text) * 4 >= text.len() }
}

/// How often the kind of character changes between small letters, large letters and digits.
pub(super) fn changes(text: &str) -> usize {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    };
    let kinds: Vec<u8> = text.bytes().filter_map(kind).collect();
    kinds.iter().zip(kinds.iter().skip(1)).filter(|(a, b)| a != b).count()
}

/// `e11db634-ef8a-4258-9d46-0b5e878cd834`, the form of request ids.
pub(super) fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(part.len()));
    parts.eq([8, 4, 4, 4, 12].map(Some))
}

/// The check digit of payment cards; <https://en.wikipedia.org/wiki/Luhn_algorithm>
pub(super) fn has_check_digit(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| u32::from(if at % 2 == 1 { doubled(*digit) } else { *digit }))
        .sum();
    sum.is_multiple_of(10)
}

/// The digits of a text as numbers.
fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

/// The number that two digits make.
fn two(digits: &[u8], range: Range<usize>) -> u8 {
    digits.get(range).unwrap_or_default().iter().fold(0, |number, digit| number * 10 + digit)
}

/// Whether a number is not part of a longer name, number or fraction.
fn stands_alone(found: &Match<'_>) -> bool {
    let before = found.before.chars().next_back();
    let mut after = found.after.chars();
    let (next, second) = (after.next(), after.next());
    let is_joined = |next: Option<char>| next.is_some_and(|c| c.is_ascii_alphanumeric());
    let goes_on = matches!(next, Some('-' | '.')) && second.is_some_and(|c| c.is_ascii_digit());
    !is_joined(before) && !matches!(before, Some('-' | '.')) && !is_joined(next) && !goes_on && next != Some('_')
}

/// Whether the number can be one of a payment card: the length and first digits of a network, and the check digit.
pub(super) fn is_card(found: &Match<'_>) -> bool {
    let digits = digits(found.text);
    let first = |count: usize| digits.iter().take(count).fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let lengths: &[usize] = match (first(1), first(2), first(4)) {
        (4, ..) => &[13, 16, 19],
        (_, 34 | 37, _) => &[15],
        (_, 36 | 38 | 39, _) | (_, _, 3000..=3059) => &[14, 16],
        (_, 51..=55, _) | (_, _, 2221..=2720) | (9, ..) => &[16],
        (6, ..) | (_, 35, _) => &[16, 17, 18, 19],
        _ => &[],
    };
    lengths.contains(&digits.len()) && has_check_digit(&digits) && stands_alone(found)
}

/// Whether the number can be a Korean resident registration number: a date of birth, a digit for sex and century, six
/// more. Only those given out before October 2020 have a check digit, so it counts only where no dash tells the number
/// from others.
pub(super) fn is_resident_number(found: &Match<'_>) -> bool {
    let digits = digits(found.text);
    let is_date = (1..=12).contains(&two(&digits, 2..4)) && (1..=31).contains(&two(&digits, 4..6));
    let has_sign = found.text.len() > digits.len();
    let sum: u32 =
        digits.iter().zip([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let is_checked = digits.last().is_some_and(|last| (11 - sum % 11) % 10 == u32::from(*last));
    // A time in milliseconds starts with 1 until the year 2033.
    let is_time = found.text.starts_with('1');
    // Codes of Korean goods start with 880.
    let is_of_goods = found.text.starts_with("880") && !has_sign && (is_ean(&digits) || is_named_otherwise(found));
    is_date && stands_alone(found) && !is_of_goods && (has_sign || (is_checked && !is_time))
}

/// Whether the number stands where a telephone number can stand.
pub(super) fn is_phone_number(found: &Match<'_>) -> bool {
    // The escaped plus sign is no part of the word before it.
    (stands_alone(found) || (found.text.starts_with('%') && stands_alone(&Match { before: "", ..*found })))
        && !found.before.ends_with('_')
}

/// The check digit of the codes of goods; <https://en.wikipedia.org/wiki/International_Article_Number>
fn is_ean(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().zip([1, 3].iter().cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    digits.len() == 13 && sum.is_multiple_of(10)
}

/// Whether the word before a number tells that it is that of goods or of a parcel.
fn is_named_otherwise(found: &Match<'_>) -> bool {
    const OTHERS: &[&str] = &[
        "바코드",
        "상품번호",
        "상품코드",
        "송장번호",
        "운송장",
        "barcode",
        "ean",
        "gtin",
        "sku",
        "tracking number",
        "tracking no",
    ];
    let name = found.before.trim_end_matches(|c: char| c.is_whitespace() || ":=#\"'".contains(c)).to_lowercase();
    let is_word = |before: &str| !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    OTHERS.iter().any(|other| name.strip_suffix(other).is_some_and(is_word))
}

/// Whether twelve digits can be the id of an account: not the time `202412271530`, nor a part of a fraction.
pub(super) fn is_account(found: &Match<'_>) -> bool {
    let digits = digits(found.text);
    let is_time = found.text.starts_with("20")
        && (1..=12).contains(&two(&digits, 4..6))
        && (1..=31).contains(&two(&digits, 6..8))
        && two(&digits, 8..10) < 24
        && two(&digits, 10..12) < 60;
    let is_fraction =
        found.before.strip_suffix('.').is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()));
    let goes_on = found.after.strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    !is_time && !is_fraction && !goes_on && !is_named_otherwise(found)
}

/// Whether it is an address of mail, and neither `git@github.com`, an image `icon@2x.png` nor a package
/// `pkg@1.2.3-beta.pre`.
pub(super) fn is_mail_address(found: &Match<'_>) -> bool {
    const FILES: &[&str] = &[
        "css", "gif", "gz", "html", "jar", "jpeg", "jpg", "js", "json", "map", "mjs", "png", "py", "so", "svg", "tar",
        "tgz", "ts", "webp", "zip",
    ];
    let Some((name, domain)) = found
        .text
        .split_once('@')
        .or_else(|| found.text.split_once("%40"))
        .or_else(|| found.text.split_once("\\u0040"))
    else {
        return false;
    };
    let is_file = domain.rsplit_once('.').is_some_and(|(_, ending)| FILES.contains(&ending));
    let is_version = domain.split('.').next().is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        && domain.split('.').count() > 2;
    let is_user_of_host = name == "git" || (found.before.ends_with("//") && found.text.contains('@'));
    !is_file && !is_version && !is_user_of_host
}

/// Whether a token has the digits or the capitals that a name such as `npm_config_registry` lacks.
pub(super) fn is_token(found: &Match<'_>) -> bool {
    let has = |is: fn(&u8) -> bool| found.text.bytes().skip(4).any(|byte| is(&byte));
    has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)))
}

/// Whether what stands behind `Bearer` or `Basic` is no word.
pub(super) fn is_behind_scheme(found: &Match<'_>) -> bool {
    let has = |is: fn(&u8) -> bool| found.text.bytes().skip(1).any(|byte| is(&byte));
    has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)) || found.text.len() >= 24
}
