//! Request bodies: JSON with keys in camelCase or snake_case, and fields whose errors are fixed sentences of the
//! contract.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use chrono::{NaiveDate, NaiveTime};
use http_body_util::LengthLimitError;
use serde_json::{Map, Value};

use super::error::{ApiError, FieldErrors};
use onestep_core::model::Id;

/// The largest body, which is also Lambda's limit.
pub const MAX_BYTES: usize = 6 * 1024 * 1024;

/// The largest integer that JavaScript can represent exactly.
const MAX_ID: i64 = (1 << 53) - 1;

/// Parses a body and turns its keys into snake_case, at any depth. An empty body is an empty object.
///
/// # Errors
/// 400 when it is not JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => Ok(snake_keys(value)),
        Err(error) => Err(ApiError::Bad(format!("JSON parse error - {error}"))),
    }
}

/// The same value with every key in snake_case. When both spellings of a key are given, the later one counts.
fn snake_keys(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (snake_case(&key), snake_keys(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(snake_keys).collect()),
        plain => plain,
    }
}

/// Turns `categoryId` into `category_id`, and leaves a name in snake_case unchanged.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Turns `category_id` into `categoryId`.
pub fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for letter in name.chars() {
        match letter {
            '_' if !camel.is_empty() => raise = true,
            letter if raise => {
                camel.push(letter.to_ascii_uppercase());
                raise = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}

/// The body of a request with keys in snake_case.
pub struct Body(pub Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let too_large = || ApiError::TooLarge(format!("A body may have {MAX_BYTES} bytes."));
        if announced.is_some_and(|length| length > MAX_BYTES) {
            return Err(too_large());
        }
        let bytes = axum::body::to_bytes(request.into_body(), MAX_BYTES).await.map_err(|error| {
            let error = error.into_inner();
            if error.is::<LengthLimitError>() { too_large() } else { ApiError::Bad("The body broke off.".to_owned()) }
        })?;
        parse(&bytes).map(Self)
    }
}

/// A field that may be missing, and may be null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue<T> {
    /// Not in the body.
    Absent,
    /// Null.
    Null,
    /// A value.
    Value(T),
}

impl<T> FieldValue<T> {
    /// The value, None for null, `otherwise` for an absent field.
    pub fn or(self, otherwise: Option<T>) -> Option<T> {
        match self {
            Self::Absent => otherwise,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

/// Reads one field; the error is a sentence for the client.
pub type Read<T> = fn(&Value) -> Result<T, String>;

/// One JSON object of a request, read field by field. It collects the errors of all fields.
#[derive(Debug)]
pub struct Form {
    fields: Map<String, Value>,
    faults: FieldErrors,
}

impl Form {
    /// Takes an object. For anything else it notes an error that belongs to no field.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self { fields, faults: FieldErrors::default() },
            other => {
                let sentence = format!("Invalid data. Expected a dictionary, but got {}.", type_name(&other));
                Self { fields: Map::new(), faults: FieldErrors::of("nonFieldErrors", sentence) }
            }
        }
    }

    /// Takes an object.
    ///
    /// # Errors
    /// An error that belongs to no field, for anything else.
    pub fn object(value: Value) -> Result<Self, FieldErrors> {
        let form = Self::new(value);
        if form.is_valid() { Ok(form) } else { Err(form.into_errors()) }
    }

    /// The raw value of a field, by its name in snake_case; null counts as missing.
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether the field is in the body, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A field that must be there and not null. None: it is wrong, and the error is noted.
    pub fn required<T>(&mut self, name: &str, read: impl Fn(&Value) -> Result<T, String>) -> Option<T> {
        match self.nullable(name, read) {
            FieldValue::Value(value) => Some(value),
            FieldValue::Null if !self.is_rejected(name) => {
                self.reject(name, "This field may not be null.");
                None
            }
            FieldValue::Absent if !self.is_rejected(name) => {
                self.reject(name, "This field is required.");
                None
            }
            FieldValue::Null | FieldValue::Absent => None,
        }
    }

    /// A field that may be missing, but not null. None: it is missing, or wrong and the error is noted.
    pub fn optional<T>(&mut self, name: &str, read: impl Fn(&Value) -> Result<T, String>) -> Option<T> {
        if self.has(name) { self.required(name, read) } else { None }
    }

    /// A field that may be missing or null. A wrong field counts as missing, and the error is noted.
    pub fn nullable<T>(&mut self, name: &str, read: impl Fn(&Value) -> Result<T, String>) -> FieldValue<T> {
        match self.fields.get(name) {
            None => FieldValue::Absent,
            Some(Value::Null) => FieldValue::Null,
            Some(value) => match read(value) {
                Ok(value) => FieldValue::Value(value),
                Err(sentence) => {
                    self.reject(name, sentence);
                    FieldValue::Absent
                }
            },
        }
    }

    /// Notes an error of a field, by its name in snake_case.
    pub fn reject(&mut self, name: &str, sentence: impl Into<String>) {
        self.faults.add(&camel_case(name), sentence);
    }

    fn is_rejected(&self, name: &str) -> bool {
        self.faults.has(&camel_case(name))
    }

    /// Whether there are no errors so far.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// The errors.
    pub fn into_errors(self) -> FieldErrors {
        self.faults
    }
}

/// The Python name of the type, which the sentences of the contract use.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Reads text of 1 to `most` characters, without the white space around it. A number counts as text.
pub fn text(most: usize) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return Err("Not a valid string.".to_owned()),
        };
        if text.is_empty() {
            Err("This field may not be blank.".to_owned())
        } else if text.chars().count() > most {
            Err(format!("Ensure this field has no more than {most} characters."))
        } else if text.contains('\0') {
            Err("Null characters are not allowed.".to_owned())
        } else {
            Ok(text)
        }
    }
}

/// Reads text of any length.
///
/// # Errors
/// A sentence for the client.
pub fn free_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.contains('\0') => Err("Null characters are not allowed.".to_owned()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("Not a valid string.".to_owned()),
    }
}

/// Reads an integer, which may be a string.
///
/// # Errors
/// A sentence for the client.
pub fn integer(value: &Value) -> Result<i64, String> {
    whole(value).ok_or_else(|| "A valid integer is required.".to_owned())
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Only integers that a float represents exactly.
            (float.fract() == 0.0 && float.abs() <= MAX_ID as f64).then_some(float as i64)
        }),
        Value::String(text) => {
            let text = text.trim();
            let digits = text
                .split_once('.')
                .filter(|(_, zeros)| zeros.bytes().all(|zero| zero == b'0'))
                .map_or(text, |(digits, _)| digits);
            digits.parse().ok()
        }
        _ => None,
    }
}

/// Reads an integer within bounds, both included.
pub fn integer_within(least: i64, most: i64) -> impl Fn(&Value) -> Result<i64, String> {
    move |value| match integer(value)? {
        number if number > most => Err(format!("Ensure this value is less than or equal to {most}.")),
        number if number < least => Err(format!("Ensure this value is greater than or equal to {least}.")),
        number => Ok(number),
    }
}

/// Reads a boolean, also in the words that HTML forms use.
///
/// # Errors
/// A sentence for the client.
pub fn boolean(value: &Value) -> Result<bool, String> {
    let word = match value {
        Value::Bool(truth) => return Ok(*truth),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::from("?"),
    };
    match word.as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" | "1.0" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" | "0.0" => Ok(false),
        "" | "null" => Err("This field may not be null.".to_owned()),
        _ => Err("Must be a valid boolean.".to_owned()),
    }
}

/// Reads a date.
///
/// # Errors
/// A sentence for the client.
pub fn date(value: &Value) -> Result<NaiveDate, String> {
    let day = value.as_str().and_then(|text| {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let right = parts.next().is_none()
            && digits(year, 4..=4)
            && digits(month, 1..=2)
            && digits(day, 1..=2)
            && year != "0000";
        if right { NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?) } else { None }
    });
    day.ok_or_else(|| "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.".to_owned())
}

/// Reads a time of day, to the microsecond.
///
/// # Errors
/// A sentence for the client.
pub fn time(value: &Value) -> Result<NaiveTime, String> {
    let time = value.as_str().and_then(|text| {
        let (clock, fraction) =
            text.split_once(['.', ',']).map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts: Vec<&str> = clock.split(':').collect();
        if !parts.iter().all(|part| digits(part, 2))
            || !(2..=3).contains(&parts.len())
            || (fraction.is_some() && parts.len() < 3)
        {
            return None;
        }
        let micros = match fraction {
            Some(fraction) if digits(fraction, 12) => format!("{fraction:0<6}").get(..6)?.parse().ok()?,
            Some(_) => return None,
            None => 0,
        };
        let number = |place: usize| parts.get(place).map_or(Some(0), |part| part.parse::<u32>().ok());
        NaiveTime::from_hms_micro_opt(number(0)?, number(1)?, number(2)?, micros)
            .filter(|_| number(2).is_some_and(|second| second < 60))
    });
    time.ok_or_else(|| "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].".to_owned())
}

/// Reads the id of a row, which may be a string. The code that calls this checks whether the row exists, and uses
/// [`no_such_row`].
///
/// # Errors
/// A sentence for the client.
pub fn row(value: &Value) -> Result<Id, String> {
    match value {
        Value::String(text) if text.is_empty() => Err("This field may not be null.".to_owned()),
        Value::Number(number) => whole(value).ok_or_else(|| no_such_row(number)),
        _ => whole(value).ok_or_else(|| format!("Incorrect type. Expected pk value, received {}.", type_name(value))),
    }
}

/// The sentence for a row that does not exist or does not belong to the caller.
pub fn no_such_row(id: impl std::fmt::Display) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}

/// Reads one of a few words. A number counts as text.
pub fn choice(words: &'static [&'static str]) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let word = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if words.contains(&word.as_str()) { Ok(word) } else { Err(format!("{word:?} is not a valid choice.")) }
    }
}

#[cfg(test)]
mod tests;
