//! From a path to the operation it means.

use std::collections::HashMap;

use poem::http::Method;

use crate::{Error, operation::Operation, problem::Problem};

/// Finds operations by path. A part that is written out comes before a parameter; a path with another method does not
/// hide a parameter, so that `GET /users/batch` finds the row of that key.
pub(crate) struct Router {
    /// By the first part of the path, which is never a parameter, decoded.
    routes: HashMap<String, Vec<Route>>,
}

struct Route {
    parts: Vec<Part>,
    operation: Operation,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Literal(String),
    Parameter(String),
}

/// An operation with the parts of the path that stand for its parameters.
pub(crate) type Found<'a> = (&'a Operation, Vec<(String, String)>);

impl Router {
    /// A router for these operations.
    pub(crate) fn new(operations: Vec<Operation>) -> Result<Self, Error> {
        let mut routes: HashMap<String, Vec<Route>> = HashMap::new();
        for operation in operations {
            let mut parts = operation.path.trim_start_matches('/').split('/').map(|part| {
                let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
                name.map_or_else(|| Part::Literal(part.to_owned()), |name| Part::Parameter(name.to_owned()))
            });
            let first = match parts.next() {
                Some(Part::Literal(first)) => decoded(&first),
                _ => String::new(),
            };
            let parts: Vec<Part> = parts.collect();
            let siblings = routes.entry(first).or_default();
            let clash = |route: &Route| route.operation.method == operation.method && same(&route.parts, &parts);
            if siblings.iter().any(clash) {
                return Err(Error::PathClash { path: format!("{} {}", operation.method, operation.path) });
            }
            siblings.push(Route { parts, operation });
        }
        for siblings in routes.values_mut() {
            siblings.sort_by(|a, b| a.parts.cmp(&b.parts));
        }
        Ok(Self { routes })
    }

    /// The operation at a path, with or without a slash at its end. HEAD finds what GET does.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<Found<'_>, Problem> {
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let mut given = trimmed.split('/');
        let routes = given.next().and_then(|first| self.routes.get(&decoded(first)));
        let given: Vec<&str> = given.collect();
        let mut allowed: Vec<&str> = Vec::new();
        for route in routes.into_iter().flatten() {
            let Some(values) = route.matches(&given) else { continue };
            if route.operation.method == *method {
                return Ok((&route.operation, values));
            }
            allowed.push(route.operation.method.as_str());
        }
        if allowed.is_empty() {
            return Err(Problem::no_path(path));
        }
        allowed.sort_unstable();
        allowed.dedup();
        Err(Problem::method(allowed.join(", ")))
    }
}

impl Route {
    fn matches(&self, given: &[&str]) -> Option<Vec<(String, String)>> {
        if self.parts.len() != given.len() {
            return None;
        }
        let mut values = Vec::new();
        for (part, given) in self.parts.iter().zip(given) {
            match part {
                Part::Literal(literal) if literal == given => {}
                Part::Parameter(name) if !given.is_empty() => values.push((name.clone(), (*given).to_owned())),
                _ => return None,
            }
        }
        Some(values)
    }
}

/// A part of a path without its percent-encoding, which a client may apply to more letters than it has to.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8().map_or_else(|_| part.to_owned(), |text| text.into_owned())
}

/// Whether two routes take the same paths.
fn same(a: &[Part], b: &[Part]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Part::Literal(a), Part::Literal(b)) => a == b,
            (Part::Parameter(_), Part::Parameter(_)) => true,
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        let operations = vec![
            Operation::get("/users", "list"),
            Operation::get("/users/{id}", "get"),
            Operation::writing(Method::PUT, "/users/{id}", "put"),
            Operation::writing(Method::POST, "/users/batch", "batch"),
            Operation::get("/users/export.csv", "export"),
            Operation::get("/users/{id}/history", "history"),
            Operation::get("/order%20items%2F/{id}", "odd"),
        ];
        Router::new(operations).unwrap()
    }

    fn found(method: Method, path: &str) -> Result<String, u16> {
        let router = router();
        let found = router.find(&method, path).map(|(operation, values)| {
            let values: Vec<String> = values.into_iter().map(|(_, value)| value).collect();
            format!("{} {}", operation.id, values.join(" ")).trim_end().to_owned()
        });
        found.map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_path_finds_its_operation() {
        for (method, path, expected) in [
            (Method::GET, "/users", "list"),
            (Method::GET, "/users/", "list"),
            (Method::HEAD, "/users", "list"),
            (Method::GET, "/users/7", "get 7"),
            (Method::GET, "/users/a%2Fb,c", "get a%2Fb,c"),
            (Method::GET, "/users/export.csv", "export"),
            (Method::GET, "/users/batch", "get batch"),
            (Method::POST, "/users/batch/", "batch"),
            (Method::GET, "/users/7/history/", "history 7"),
            (Method::GET, "/%75sers/7", "get 7"),
            (Method::GET, "/order%20items%2f/7%20", "odd 7%20"),
        ] {
            assert_eq!(found(method, path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        for path in ["/", "/user", "/users//", "//users", "/users/7/history/8", "/users//history"] {
            assert_eq!(found(Method::GET, path), Err(404), "{path}");
        }
        assert_eq!(found(Method::POST, "/users/7"), Err(405));
        let refused = router().find(&Method::DELETE, "/users/batch").err().map(Problem::into_response);
        assert_eq!(
            refused.and_then(|answer| answer.header("allow").map(str::to_owned)).as_deref(),
            Some("GET, POST, PUT")
        );
    }

    #[test]
    fn two_operations_cannot_share_a_path() {
        let twice = vec![Operation::get("/a/{id}", "one"), Operation::get("/a/{key}", "two")];
        assert!(matches!(Router::new(twice), Err(Error::PathClash { .. })));
    }
}
