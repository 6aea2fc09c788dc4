//! Paths of requests against the paths that APIs and mappings have.

use std::cmp::Reverse;

/// The parts of a path between its slashes, without empty ones at its ends, without the query.
fn segments(path: &str) -> Vec<&str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.trim_matches('/').split('/').filter(|segment| !segment.is_empty()).collect()
}

/// A path again from its parts.
fn joined(parts: &[&str]) -> String {
    format!("/{}", parts.join("/"))
}

/// What is left of a path below a base path: `/v1/todos` below `v1` is `/todos`. `None` if it is not below it.
pub(crate) fn below(path: &str, base: &str) -> Option<String> {
    let (path, base) = (segments(path), segments(base));
    path.strip_prefix(base.as_slice()).map(joined)
}

/// The first part of a path, and the rest.
pub(crate) fn split_first(path: &str) -> Option<(String, String)> {
    let parts = segments(path);
    let (first, rest) = parts.split_first()?;
    Some(((*first).to_owned(), joined(rest)))
}

/// Of base paths, the place of the one that a path is below, the longest first; the empty one is of everything.
pub(crate) fn longest<'a>(path: &str, bases: impl Iterator<Item = &'a str>) -> Option<usize> {
    let fits = bases.enumerate().filter(|(_, base)| below(path, base).is_some());
    fits.max_by_key(|(place, base)| (segments(base).len(), Reverse(*place))).map(|(place, _)| place)
}

/// How well the path of a route fits a path; the smallest is the best. `None` if it does not fit.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
pub(crate) fn fit(path: &str, template: &str) -> Option<u32> {
    let (path, template) = (segments(path), segments(template));
    let mut variables = 0;
    for (place, wanted) in template.iter().enumerate() {
        let is_variable = wanted.starts_with('{') && wanted.ends_with('}');
        if is_variable && wanted.ends_with("+}") {
            // A greedy variable takes one part at least.
            return (path.len() > place).then_some(1000 + variables);
        }
        match path.get(place) {
            Some(_) if is_variable => variables += 1,
            Some(part) if part == wanted => {}
            _ => return None,
        }
    }
    (path.len() == template.len()).then_some(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_fits_by_its_variables_and_a_greedy_one_never_fits_the_root() {
        for (path, template, expected) in [
            ("/", "/", Some(0)),
            ("", "/", Some(0)),
            ("/todos", "/todos", Some(0)),
            ("/todos/", "/todos", Some(0)),
            ("/todos?x=1", "/todos", Some(0)),
            ("/todos/7", "/todos/{id}", Some(1)),
            ("/todos/7", "/{proxy+}", Some(1000)),
            ("/", "/{proxy+}", None),
            ("/todos", "/todos/{proxy+}", None),
            ("/todos/7/x", "/todos/{id}", None),
            ("/todos", "/Todos", None),
        ] {
            assert_eq!(fit(path, template), expected, "{path} {template}");
        }
    }

    #[test]
    fn the_longest_base_path_takes_a_path() {
        for (path, bases, expected) in [
            ("/v1/todos", &["", "v1", "v1/x"][..], Some(1)),
            ("/v1/x/y", &["", "v1", "v1/x"], Some(2)),
            ("/v12", &["v1"], None),
            ("/", &[""], Some(0)),
            ("/", &["v1"], None),
            ("/", &[], None),
        ] {
            assert_eq!(longest(path, bases.iter().copied()), expected, "{path}");
        }
        assert_eq!(below("/v1/todos", "v1").as_deref(), Some("/todos"));
        assert_eq!(split_first("/dev/todos"), Some(("dev".into(), "/todos".into())));
        assert_eq!(split_first("/"), None);
    }
}
