use super::*;

/// The same rows are fed to the program that is shipped.
const TABLE: &str = include_str!("table.tsv");

#[test]
fn the_table_holds() {
    let mut failures = Vec::new();
    for [name, line, gone, kept] in rows() {
        let shown = excerpt(&line);
        let leaked = parts(&gone).any(|part| shown.contains(part));
        let lost = if kept == "=" { shown != line } else { parts(&kept).any(|part| !shown.contains(part)) };
        if leaked || lost || excerpt(&shown) != shown {
            failures.push(format!("{name}: leaked {leaked}, lost {lost}\n  {line}\n  {shown}\n  {}", excerpt(&shown)));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The columns of the table: a name, a line, what must not be shown, and what must be.
fn rows() -> impl Iterator<Item = [String; 4]> {
    let columns = |row: &str| {
        row.split('\t').map(|column| column.replace('¦', "")).collect::<Vec<_>>().try_into().expect("four columns")
    };
    TABLE.lines().filter(|row| !row.starts_with('#')).map(columns)
}

/// The parts of a column.
fn parts(column: &str) -> impl Iterator<Item = &str> {
    column.split("||").map(str::trim).filter(|part| !part.is_empty())
}

#[test]
fn every_pattern_masks_what_no_other_masks() {
    let all = Redaction::new(PATTERNS).unwrap();
    for (_, left_out) in &all.0 {
        let others = Redaction(all.0.iter().filter(|(_, pattern)| pattern.name != left_out.name).cloned().collect());
        let leaks =
            |[_, line, gone, _]: [String; 4]| parts(&gone).any(|part| excerpt_with(Ok(&others), &line).contains(part));
        assert!(rows().any(leaks), "no row needs the pattern of {}", left_out.name);
    }
}

#[test]
fn the_patterns_load() {
    assert_eq!(load(), Ok(()));
}

mod ordinary;
mod requests;
mod spellings;
mod writers;

/// The longest part of the secret that is shown and that nothing else in the line has, in characters.
fn longest_shown(case: &spellings::Case, shown: &str) -> usize {
    let rest = case.line.replace(&case.secret, " ") + &PLACEHOLDERS.join(" ");
    let characters: Vec<char> = case.secret.chars().collect();
    let is_shown = |part: &[char]| {
        let part: String = part.iter().collect();
        shown.contains(&part) && !rest.contains(&part)
    };
    (1..=characters.len()).rev().find(|length| characters.windows(*length).any(is_shown)).unwrap_or(0)
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a harness says how much it did")]
fn of_the_secrets_that_programs_print_nearly_all_are_masked() {
    const CASES: usize = 6_000;
    let cases = spellings::cases(13, CASES);
    assert_eq!(cases.len(), CASES);
    let wrong = cases.iter().find(|case| !case.line.contains(&case.secret));
    assert!(wrong.is_none(), "no secret in the line: {:?}", wrong.map(|case| (case.form, &case.line, &case.secret)));
    let mut leaks: Vec<String> = Vec::new();
    let mut forms = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    for case in &cases {
        let shown = excerpt(&case.line);
        // A third of a secret is as bad as all of it.
        let most = (case.secret.chars().count() / 3).max(4);
        let leaks_here = longest_shown(case, &shown) >= most;
        let counts = forms.entry(case.form).or_default();
        counts.0 += 1;
        if leaks_here {
            counts.1 += 1;
            leaks.push(format!("{}: {}\n  {}\n  {shown}", case.form, case.secret, case.line));
        }
    }
    let masked = 100.0 - 100.0 * leaks.len() as f64 / cases.len() as f64;
    println!("{} secrets in {} forms, {masked:.2} % masked", cases.len(), forms.len());
    let worst: Vec<_> = forms.iter().filter(|(_, (_, leaked))| *leaked > 0).collect();
    assert!(masked >= 99.5, "{masked} %: {worst:?}\n{}", leaks.join("\n"));
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a harness says how much it did")]
fn of_ordinary_lines_nearly_none_is_touched() {
    const LINES: usize = 6_000;
    let lines = ordinary::lines(13, LINES);
    assert_eq!(lines.len(), LINES);
    let touched: Vec<String> = lines
        .iter()
        .filter(|line| excerpt(line) != shortened(folded(line), LONGEST_EXCERPT))
        .map(|line| format!("{line}\n  {}", excerpt(line)))
        .collect();
    let share = 100.0 * touched.len() as f64 / lines.len() as f64;
    println!("{} ordinary lines, {share:.2} % touched", lines.len());
    assert!(
        share <= 0.5,
        "{share} %\n{}",
        touched.iter().step_by((touched.len() / 40).max(1)).cloned().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_pattern_that_does_not_compile_is_named_and_nothing_is_shown() {
    const BROKEN: &[Pattern] =
        &[patterns::pattern("good", "a", Mask::Always("b")), patterns::pattern("bad one", "(", Mask::Always("b"))];
    let redaction = Redaction::new(BROKEN);
    let Err(error) = &redaction else { panic!("it compiles") };
    assert!(error.starts_with("the redaction pattern `bad one` does not compile: "), "{error}");
    for line in ["password=hunter2", "an ordinary line", ""] {
        assert_eq!(excerpt_with(redaction.as_ref(), line), NOT_SHOWN);
    }
}

/// Dev-dependencies bring Unicode tables of `regex` that the shipped program lacks.
#[test]
fn no_pattern_needs_a_unicode_table() {
    for pattern in PATTERNS {
        let ascii_only = pattern.regex.replace(r"(?-u:\b)", "").replace("(?i-u:", "(?:");
        for part in ["(?i", r"\b", r"\B", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\p", r"\P", "[["] {
            assert!(!ascii_only.contains(part), "{part} in the pattern of {}", pattern.name);
        }
    }
}

#[test]
fn a_line_becomes_plain() {
    for (line, shown) in [
        ("a\tb\u{7}\u{1b}[31mc\u{202e}d", "a bcd"),
        ("  a \r\n b\u{1f}c  ", "a b c"),
        ("\u{1b}[1;32mpassword\u{1b}[0m: \u{1b}[33m'hunter2'\u{1b}[39m ok", "password: [secret] ok"),
        ("p\u{0}a\u{0}s\u{0}s\u{0}word=hun\u{200b}ter2", "password=[secret]"),
        ("\u{9b}31mx \u{1b}[ y \u{1b}]", "x [ y ]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- rest", "[private key] rest"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: [secret] Host: x"),
        ("password: hunter2\nuser: app", "password: [secret] user: app"),
        (
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--b",
            "--b Content-Disposition: form-data; name=\"password\" [secret] --b",
        ),
        ("비용 ü █", "비용 ü █"),
        ("", ""),
    ] {
        assert_eq!(excerpt(line), shown, "{line:?}");
    }
}

#[test]
fn what_is_printed_is_one_line_of_visible_characters() {
    for (text, printed) in [
        ("  two  blanks", "  two  blanks"),
        ("a\nb\tc\r\nd", "a b c  d"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
        ("\u{9b}2J\u{7}\u{7f}", "2J"),
        ("a\u{202e}b\u{200b}", "ab"),
        ("비용 ü █", "비용 ü █"),
    ] {
        assert_eq!(printable(text), printed);
    }
}

/// What every excerpt is, whatever it is of.
fn is_short_and_plain(line: &str) {
    let short = excerpt(line);
    assert!(short.chars().count() <= LONGEST_EXCERPT, "{line:?}");
    assert!(!short.chars().any(|c| c.is_control() || is_invisible(c)), "{line:?}");
    assert_eq!(excerpt(&short), short, "not the same again: {line:?}");
    assert!(phrase(line).chars().count() <= LONGEST_PHRASE, "{line:?}");
}

/// What lines are made of that may be hard.
const PARTS: &[&str] = &[
    "password",
    "token",
    "Cookie",
    "authorization",
    "secret",
    "key",
    "a",
    "B7",
    "hunter2",
    "Bearer ",
    "'",
    "\"",
    "\\\"",
    "\\\\\\\"",
    "%22",
    "%3D",
    "&quot;",
    "\\u0022",
    "=",
    ": ",
    ":",
    " ",
    ", ",
    ",",
    ";",
    "&",
    "?",
    "/",
    "//",
    "://",
    "@",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "-",
    "--",
    ".",
    "\n",
    "\\n",
    "\t",
    "…",
    "\u{1b}[31m",
    "\u{202e}",
    "비밀번호",
    "é",
    "[secret]",
    "[secre",
    "[key id]",
    "010",
    "1234",
    "4111111111111111",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJI.eyJz",
    "sk-",
    "arn:aws:",
    "jin@example.com",
    "264760273909",
    "-----BEGIN PRIVATE KEY-----",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "https://hooks.slack.com/services/a",
    "is ",
    "not ",
    "insert into t (a, password) values (",
    "update t set token ",
    "params ",
    "failing row contains (",
    "비밀번호는 ",
    "for user ",
    "＝",
    "| ",
    "R3b_x-7fKqLm0Zc2VtYp9WdGs4HnAe1JiXoUbT5k6vM",
    "user",
    "name=",
    "value",
    "x",
];

fn line_of_parts(rng: &mut fastrand::Rng, longest: usize) -> String {
    (0..rng.usize(..longest)).map(|_| PARTS[rng.usize(..PARTS.len())]).collect()
}

#[test]
fn an_excerpt_is_short_and_plain_and_its_own_excerpt() {
    let mut rng = fastrand::Rng::with_seed(13);
    for _ in 0..6_000 {
        let length = if rng.u8(..10) == 0 { 900 } else { 40 };
        let line = line_of_parts(&mut rng, length);
        is_short_and_plain(&line);
    }
    for _ in 0..2_000 {
        let line: String =
            (0..rng.usize(..900)).map(|_| if rng.bool() { char::from(rng.u8(..128)) } else { rng.char(..) }).collect();
        is_short_and_plain(&line);
    }
}

#[test]
fn no_cut_leaves_half_a_secret() {
    const CASES: usize = 1_500;
    let mut leaks: Vec<String> = Vec::new();
    let mut rng = fastrand::Rng::with_seed(17);
    let is_masked = |case: &spellings::Case| longest_shown(case, &excerpt(&case.line)) < 4;
    let cases: Vec<_> = spellings::cases(17, CASES).into_iter().filter(is_masked).collect();
    assert!(cases.len() * 100 > CASES * 99, "{}", cases.len());
    for case in cases {
        let at = case.line.find(&case.secret).unwrap();
        let inside = rng.usize(1..case.secret.len());
        // The cut that bounds the work is seen only where much before it is masked.
        let filler = format!("cookie: \"{}\" ", "ab1;".repeat(700));
        for (longest, filler) in [(LONGEST_EXCERPT, "word ".repeat(60)), (MAX_READ, filler)] {
            let Some(length) = longest.checked_sub(at + inside) else { continue };
            let filler: String = filler.chars().rev().take(length).collect::<Vec<_>>().into_iter().rev().collect();
            let filler = if longest == MAX_READ {
                format!("cookie: \"{} ", filler.chars().skip(9).collect::<String>())
            } else {
                filler
            };
            let case = spellings::Case { form: case.form, line: filler + &case.line, secret: case.secret.clone() };
            let shown = excerpt(&case.line);
            if longest_shown(&case, &shown) >= (case.secret.chars().count() / 3).max(6) {
                leaks.push(format!("{}: {}\n  {}\n  {shown}", case.form, case.secret, case.line));
            }
        }
    }
    assert!(leaks.is_empty(), "{}: {}", leaks.len(), leaks.join("\n"));
}

#[test]
fn a_secret_access_key_is_masked_whatever_stands_around_it() {
    const KEY: &str = "zQ3RrTnkA0Mv/Pw8Xe2LyGh+uJ5iDs7Cb1Nf9KtQ";
    let mut rng = fastrand::Rng::with_seed(19);
    for _ in 0..3_000 {
        let line = format!("{} {KEY} {}", line_of_parts(&mut rng, 12), line_of_parts(&mut rng, 12));
        let shown = excerpt(&line);
        let part = (0..=KEY.len() - 12)
            .map(|start| &KEY.as_bytes()[start..start + 12])
            .find(|part| shown.as_bytes().windows(12).any(|text| text == *part));
        assert!(part.is_none(), "{line}\n{shown}");
    }
}
