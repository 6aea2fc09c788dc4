//! No circle between the files of a crate. Between crates cargo refuses it.

use std::collections::BTreeSet;

use crate::cargo::{Metadata, PROGRAMS};
use crate::finding::{Finding, judge};
use crate::graph::{Arrows, arrows, circles};
use crate::source;

/// The circles, each with the names that tie it.
fn findings(arrows: &Arrows) -> Vec<Finding> {
    circles(arrows).into_iter().map(|circle| finding(arrows, &circle)).collect()
}

fn finding(arrows: &Arrows, circle: &BTreeSet<String>) -> Finding {
    let files: Vec<&str> = circle.iter().map(String::as_str).collect();
    let ties = files.iter().flat_map(|from| {
        let targets = arrows[*from].iter().filter(|(to, _)| circle.contains(*to));
        targets.map(move |(to, names)| {
            format!("    {from} -> {to}: {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        })
    });
    let ties: Vec<String> = ties.collect();
    let text = format!(
        "{} files need each other; move what both sides need into a file below them:\n{}",
        files.len(),
        ties.join("\n")
    );
    Finding::new(files.join(" "), text)
}

#[test]
fn no_file_needs_a_file_that_needs_it() {
    let metadata = Metadata::load();
    let all: Vec<Finding> =
        metadata.shipped(PROGRAMS).values().flat_map(|package| findings(&arrows(&source::shipped(package)))).collect();
    judge("circles", &all);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*path).to_owned(), (*text).to_owned()));
        let found = findings(&arrows(&source::read_all(texts.collect())));
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let lib = ("lib.rs", "mod a; mod b; mod c;");
        let a = ("a.rs", "use crate::b::B; pub struct A;");
        check(
            &[lib, a, ("b.rs", "pub struct B; fn f() -> super::a::A { todo!() }"), ("c.rs", "use crate::a::A;")],
            &["a.rs b.rs"],
        );
        check(&[lib, a, ("b.rs", "pub struct B;"), ("c.rs", "use crate::a::A;")], &[]);
        check(
            &[lib, a, ("b.rs", "pub struct B; use crate::c::C;"), ("c.rs", "pub struct C(crate::a::A);")],
            &["a.rs b.rs c.rs"],
        );
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_circle() {
        let child = ("a/b.rs", "use super::A; pub struct B(A);");
        let lib = ("lib.rs", "mod a;");
        check(&[lib, ("a/mod.rs", "mod b; pub struct A; fn f(_: b::B) {}"), child], &["a/b.rs a/mod.rs"]);
        check(&[lib, ("a.rs", "mod b; pub struct A; fn f(_: self::b::B) {}"), child], &["a.rs a/b.rs"]);
    }

    #[test]
    fn to_declare_a_child_or_to_hand_its_names_on_is_no_arrow() {
        let child = ("a/b.rs", "use super::A; pub struct B(A);");
        let lib = ("lib.rs", "mod a;");
        check(&[lib, ("a/mod.rs", "mod b; pub use b::B; pub struct A;"), child], &[]);
        check(&[lib, ("a/mod.rs", "mod b; pub use b::B; pub struct A; fn f(_: B) {}"), child], &["a/b.rs a/mod.rs"]);
    }

    #[test]
    fn a_name_that_is_handed_on_leads_to_the_file_that_defines_it() {
        let lib = ("lib.rs", "mod a; mod d;");
        let parent = ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::*;");
        let b = ("a/b.rs", "pub struct B(crate::d::D);");
        check(
            &[lib, parent, b, ("a/c.rs", "pub struct C;"), ("d.rs", "use crate::a::B; pub struct D;")],
            &["a/b.rs d.rs"],
        );
        check(&[lib, parent, b, ("a/c.rs", "pub struct C;"), ("d.rs", "use crate::a::C; pub struct D;")], &[]);
        check(
            &[
                lib,
                parent,
                b,
                ("a/c.rs", "pub struct C(crate::d::D);"),
                ("d.rs", "use crate::a; fn f(_: a::C) {} pub struct D;"),
            ],
            &["a/c.rs d.rs"],
        );
    }

    #[test]
    fn macros_globs_and_inner_modules_are_looked_into_and_tests_are_not() {
        let lib = ("lib.rs", "mod a; mod b;");
        let a = ("a.rs", "use crate::b::B; pub struct A; pub fn f() {}");
        check(&[lib, a, ("b.rs", "pub struct B; fn g() { println!(\"{}\", crate::a::f()); }")], &["a.rs b.rs"]);
        check(&[lib, a, ("b.rs", "use crate::a::*; pub struct B; fn g(_: A) {}")], &["a.rs b.rs"]);
        check(&[lib, a, ("b.rs", "use crate::a::*; pub struct B; fn g(_: C) {}")], &[]);
        check(&[lib, a, ("b.rs", "pub struct B; mod inner { use super::super::a::A; }")], &["a.rs b.rs"]);
        check(&[lib, a, ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }")], &[]);
        check(
            &[lib, a, ("b.rs", "made! {} mod c { pub struct D; } use crate::a::g as h; pub struct B;")],
            &["a.rs b.rs"],
        );
    }

    #[test]
    fn a_circle_is_told_with_the_names_that_tie_it() {
        let texts = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B(crate::a::A);"),
        ];
        let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*path).to_owned(), (*text).to_owned()));
        let found = findings(&arrows(&source::read_all(texts.collect())));
        assert!(found[0].text.ends_with("\n    a.rs -> b.rs: B\n    b.rs -> a.rs: A"), "{found:#?}");
    }
}
