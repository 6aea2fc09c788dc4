//! How programs print a record.

/// A name and its value.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Field {
    pub(crate) fn plain(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }
}

/// One way to print a record: it takes the fields and the value that is secret, and gives the text and the value as it
/// is written.
pub(crate) struct Writer {
    pub(crate) name: &'static str,
    /// Whether it puts values into quotes.
    pub(crate) quotes: bool,
    /// What a value must not have in it.
    pub(crate) excludes: &'static str,
    pub(crate) write: fn(&[Field], &str) -> (String, String),
}

impl Writer {
    pub(crate) fn can_hold(&self, value: &str) -> bool {
        !value.contains(|c| self.excludes.contains(c))
    }
}

/// A string of JSON.
pub(crate) fn json(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A string of Python, with the quotes that need less escaping.
pub(crate) fn python(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if text.contains('\'') && !text.contains('"') {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}

/// A part of an address.
pub(crate) fn percent(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(escape).collect()
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What .NET writes in a string within a string.
fn codes(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\u0022")
        .replace('\'', "\\u0027")
        .replace('&', "\\u0026")
        .replace('<', "\\u003C")
        .replace('>', "\\u003E")
        .replace('+', "\\u002B")
}

fn joined(fields: &[Field], between: &str, each: impl Fn(&Field) -> String) -> String {
    fields.iter().map(each).collect::<Vec<_>>().join(between)
}

fn json_object(fields: &[Field], colon: &str, comma: &str) -> String {
    format!("{{{}}}", joined(fields, comma, |field| format!("{}{colon}{}", json(&field.name), json(&field.value))))
}

/// Strips the quotes of a written string.
fn inner(written: &str) -> String {
    let characters = written.chars().count();
    written.chars().skip(1).take(characters - 2).collect()
}

fn camel(name: &str) -> String {
    name.replace(['-', '.'], "_")
}

const fn writer(
    name: &'static str,
    quotes: bool,
    excludes: &'static str,
    write: fn(&[Field], &str) -> (String, String),
) -> Writer {
    Writer { name, quotes, excludes, write }
}

pub(crate) const WRITERS: &[Writer] = &[
    writer("json", true, "", |fields, secret| (json_object(fields, ":", ","), inner(&json(secret)))),
    writer("json spaced", true, "", |fields, secret| (json_object(fields, ": ", ", "), inner(&json(secret)))),
    writer("json in json", true, "", |fields, secret| {
        (
            format!("{{\"statusCode\":500,\"body\":{}}}", json(&json_object(fields, ":", ","))),
            inner(&json(&inner(&json(secret)))),
        )
    }),
    writer("json in json in json", true, "", |fields, secret| {
        let message = format!("{{\"Message\":{}}}", json(&json_object(fields, ": ", ", ")));
        (
            format!("{{\"Records\":[{{\"body\":{}}}]}}", json(&message)),
            inner(&json(&inner(&json(&inner(&json(secret)))))),
        )
    }),
    writer("json of .NET", true, "", |fields, secret| {
        (format!("{{\"Body\":\"{}\"}}", codes(&json_object(fields, ":", ","))), codes(&inner(&json(secret))))
    }),
    writer("json in python", true, "", |fields, secret| {
        (format!("{{'body': {}}}", python(&json_object(fields, ":", ","))), inner(&python(&inner(&json(secret)))))
    }),
    writer("dynamodb", true, "", |fields, secret| {
        (
            format!(
                "{{{}}}",
                joined(fields, ",", |field| format!("{}:{{\"S\":{}}}", json(&field.name), json(&field.value)))
            ),
            inner(&json(secret)),
        )
    }),
    writer("name and value", true, "", |fields, secret| {
        let each = |field: &Field| format!("{{\"name\": {}, \"value\": {}}}", json(&field.name), json(&field.value));
        (format!("[{}]", joined(fields, ", ", each)), inner(&json(secret)))
    }),
    writer("python dict", true, "", |fields, secret| {
        (
            format!(
                "{{{}}}",
                joined(fields, ", ", |field| format!("{}: {}", python(&field.name), python(&field.value)))
            ),
            inner(&python(secret)),
        )
    }),
    writer("python bytes", true, "", |fields, secret| {
        (
            format!(
                "{{{}}}",
                joined(fields, ", ", |field| format!("b{}: b{}", python(&field.name), python(&field.value)))
            ),
            inner(&python(secret)),
        )
    }),
    writer("python tuples", true, "", |fields, secret| {
        (
            format!(
                "[{}]",
                joined(fields, ", ", |field| format!("({}, {})", python(&field.name), python(&field.value)))
            ),
            inner(&python(secret)),
        )
    }),
    writer("python dataclass", true, "", |fields, secret| {
        (
            format!(
                "Config({})",
                joined(fields, ", ", |field| format!("{}={}", camel(&field.name), python(&field.value)))
            ),
            inner(&python(secret)),
        )
    }),
    writer("javascript", true, "'", |fields, secret| {
        (
            format!(
                "{{ {} }}",
                joined(fields, ", ", |field| format!(
                    "{}: '{}'",
                    camel(&field.name),
                    field.value.replace('\\', "\\\\")
                ))
            ),
            secret.replace('\\', "\\\\"),
        )
    }),
    writer("go struct", false, "{}[] ", |fields, secret| {
        (
            format!("{{{}}}", joined(fields, " ", |field| format!("{}:{}", camel(&field.name), field.value))),
            secret.to_owned(),
        )
    }),
    writer("go map", false, "[] ", |fields, secret| {
        (format!("map[{}]", joined(fields, " ", |field| format!("{}:{}", field.name, field.value))), secret.to_owned())
    }),
    writer("go header", false, "[] ", |fields, secret| {
        (
            format!("map[{}]", joined(fields, " ", |field| format!("{}:[{}]", field.name, field.value))),
            secret.to_owned(),
        )
    }),
    writer("rust", true, "", |fields, secret| {
        (
            format!(
                "Config {{ {} }}",
                joined(fields, ", ", |field| format!("{}: {:?}", camel(&field.name), field.value))
            ),
            inner(&format!("{secret:?}")),
        )
    }),
    writer("java record", true, "(){}[],=", |fields, secret| {
        (
            format!("Config[{}]", joined(fields, ", ", |field| format!("{}={}", camel(&field.name), field.value))),
            secret.to_owned(),
        )
    }),
    writer("java map", true, "(){}[],=", |fields, secret| {
        (format!("{{{}}}", joined(fields, ", ", |field| format!("{}={}", field.name, field.value))), secret.to_owned())
    }),
    writer("lombok", true, "(){}[],=", |fields, secret| {
        (
            format!("Config({})", joined(fields, ", ", |field| format!("{}={}", camel(&field.name), field.value))),
            secret.to_owned(),
        )
    }),
    writer("java quotes", true, "'", |fields, secret| {
        (
            format!("Config{{{}}}", joined(fields, ", ", |field| format!("{}='{}'", camel(&field.name), field.value))),
            secret.to_owned(),
        )
    }),
    writer("dotnet record", false, "{}, ", |fields, secret| {
        (
            format!(
                "Config {{ {} }}",
                joined(fields, ", ", |field| format!("{} = {}", camel(&field.name), field.value))
            ),
            secret.to_owned(),
        )
    }),
    writer("ruby", true, "", |fields, secret| {
        (
            format!("{{{}}}", joined(fields, ", ", |field| format!("{}=>{}", json(&field.name), json(&field.value)))),
            inner(&json(secret)),
        )
    }),
    writer("ruby symbols", true, "", |fields, secret| {
        (
            format!("{{{}}}", joined(fields, ", ", |field| format!(":{}=>{}", camel(&field.name), json(&field.value)))),
            inner(&json(secret)),
        )
    }),
    writer("php", false, " ", |fields, secret| {
        (
            format!("Array ( {} )", joined(fields, " ", |field| format!("[{}] => {}", field.name, field.value))),
            secret.to_owned(),
        )
    }),
    writer("php var_dump", true, "", |fields, secret| {
        let each = |field: &Field| format!("[\"{}\"]=> string({}) \"{}\"", field.name, field.value.len(), field.value);
        (format!("array(2) {{ {} }}", joined(fields, " ", each)), secret.to_owned())
    }),
    writer("clojure", true, "", |fields, secret| {
        (
            format!("{{{}}}", joined(fields, ", ", |field| format!(":{} {}", field.name, json(&field.value)))),
            inner(&json(secret)),
        )
    }),
    writer("yaml", false, "[]{}&*!|>'\"%@`#,?:- ", |fields, secret| {
        (joined(fields, "\n", |field| format!("  {}: {}", field.name, field.value)), secret.to_owned())
    }),
    writer("yaml quotes", true, "", |fields, secret| {
        (
            joined(fields, "\n", |field| format!("  {}: '{}'", field.name, field.value.replace('\'', "''"))),
            secret.replace('\'', "''"),
        )
    }),
    writer("dotenv", false, "'\"`#$ ", |fields, secret| {
        (
            joined(fields, "\n", |field| format!("{}={}", camel(&field.name).to_uppercase(), field.value)),
            secret.to_owned(),
        )
    }),
    writer("dotenv quotes", true, "\"$`", |fields, secret| {
        (
            joined(fields, "\n", |field| format!("export {}=\"{}\"", camel(&field.name).to_uppercase(), field.value)),
            secret.to_owned(),
        )
    }),
    writer("logfmt", true, "", |fields, secret| {
        (
            joined(fields, " ", |field| {
                format!(
                    "{}={}",
                    field.name,
                    if field.value.contains([' ', '=', '"']) { json(&field.value) } else { field.value.clone() }
                )
            }),
            secret.to_owned(),
        )
    }),
    writer("toml", true, "", |fields, secret| {
        (joined(fields, "\n", |field| format!("{} = {}", field.name, json(&field.value))), inner(&json(secret)))
    }),
    writer("properties", false, " ", |fields, secret| {
        (joined(fields, "\n", |field| format!("{}={}", field.name, field.value)), secret.to_owned())
    }),
    writer("headers", false, " ", |fields, secret| {
        (
            joined(fields, "\n", |field| format!("X-{}: {}", camel(&field.name).replace('_', "-"), field.value)),
            secret.to_owned(),
        )
    }),
    writer("xml", true, "", |fields, secret| {
        (joined(fields, "", |field| format!("<{0}>{1}</{0}>", camel(&field.name), xml(&field.value))), xml(secret))
    }),
    writer("xml attributes", true, "", |fields, secret| {
        (
            joined(fields, "", |field| format!("<add key=\"{}\" value=\"{}\"/>", field.name, xml(&field.value))),
            xml(secret),
        )
    }),
    writer("xml within xml", true, "&<>\"", |fields, secret| {
        (
            joined(fields, "", |field| xml(&format!("<{0}>{1}</{0}>", camel(&field.name), field.value))),
            secret.to_owned(),
        )
    }),
    writer("html", true, "", |fields, secret| (xml(&json_object(fields, ":", ",")), xml(&inner(&json(secret))))),
    writer("query", true, "", |fields, secret| {
        (
            format!("POST /a?{}", joined(fields, "&", |field| format!("{}={}", field.name, percent(&field.value)))),
            percent(secret),
        )
    }),
    writer("query in query", true, "", |fields, secret| {
        (
            format!(
                "next={}",
                percent(&joined(fields, "&", |field| format!("{}={}", field.name, percent(&field.value))))
            ),
            percent(&percent(secret)),
        )
    }),
    writer("json in query", true, "", |fields, secret| {
        (format!("GET /a?q={}&n=1", percent(&json_object(fields, ":", ","))), percent(&inner(&json(secret))))
    }),
    writer("connection string", true, ";='\"", |fields, secret| {
        (joined(fields, ";", |field| format!("{}={}", field.name, field.value)) + ";Pooling=true", secret.to_owned())
    }),
    writer("options", false, " '\"$&|;<>()[]{}*?~`!", |fields, secret| {
        (
            format!(
                "run {}",
                joined(fields, " ", |field| format!("--{} {}", camel(&field.name).replace('_', "-"), field.value))
            ),
            secret.to_owned(),
        )
    }),
    writer("options with =", true, "'", |fields, secret| {
        (
            format!(
                "run {}",
                joined(fields, " ", |field| format!("--{}='{}'", camel(&field.name).replace('_', "-"), field.value))
            ),
            secret.to_owned(),
        )
    }),
    writer("properties of java", false, " '\"$&|;<>()[]{}*?~`!", |fields, secret| {
        (
            format!("java {} -jar a.jar", joined(fields, " ", |field| format!("-D{}={}", field.name, field.value))),
            secret.to_owned(),
        )
    }),
];
