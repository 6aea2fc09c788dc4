//! No float in money.

use crate::cargo::{Metadata, PROGRAMS};
use crate::finding::{Finding, judge};
use crate::source::{self, Source};

/// Words that make a line one about money.
const MONEY: &[&str] = &["usd", "amount", "money", "cost", "price"];

fn floats(source: &Source) -> Vec<Finding> {
    let float = |line: &str| line.contains("f64") || line.contains("f32");
    let wrong = source
        .code
        .iter()
        .filter(|(_, line)| float(line) && MONEY.iter().any(|word| line.to_lowercase().contains(word)));
    wrong
        .map(|(at, line)| {
            let path = &source.path;
            let fix = "amounts of money are Decimal; a figure that is none needs another name";
            Finding::new(
                format!("{path}: {}", line.trim()),
                format!("{path}:{at} has a float in a line about money: {}; {fix}", line.trim()),
            )
        })
        .collect()
}

#[test]
fn money_is_never_a_float() {
    let metadata = Metadata::load();
    let packages = metadata.shipped(PROGRAMS).into_values();
    judge(
        "money",
        &packages
            .flat_map(|package| source::shipped(package).iter().flat_map(floats).collect::<Vec<_>>())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_float_in_a_line_about_money_is_refused() {
    let check = |text: &str, expected: usize| {
        let source = source::read_all(vec![("a.rs".to_owned(), "a.rs".to_owned(), text.to_owned())]).remove(0);
        assert_eq!(floats(&source).len(), expected, "{text}");
    };
    check("struct A { usd: f64 }", 1);
    check("fn price_of(a: u8) -> f32 { 0.0 }", 1);
    check("struct A { share: f64, usd: Decimal }", 1);
    check("struct A { share: f64 }\nstruct B { usd: Decimal }", 0);
    check("// usd as f64\nstruct A;", 0);
    check("struct A;\n#[cfg(test)]\nmod tests {\n    const USD: f64 = 1.0;\n}\n", 0);
}
