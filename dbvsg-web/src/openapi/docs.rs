//! Swagger UI, all of it in one page: nothing comes from the network.

use std::sync::LazyLock;

use poem_openapi::OpenApiService;
use serde_json::Value as Json;

/// The page before and after the place where the document stands.
static PAGE: LazyLock<(String, String)> = LazyLock::new(|| {
    let service = OpenApiService::new((), "DBVSG", env!("CARGO_PKG_VERSION"));
    let page = service.swagger_ui_html().replace("<title>Swagger UI</title>", "<title>DBVSG</title>");
    let document = format!("let spec = {};", service.spec());
    match page.split_once(&document) {
        Some((before, after)) => (before.to_owned(), after.to_owned()),
        None => (page, String::new()),
    }
});

/// The page for this document.
pub(crate) fn page(document: &Json) -> String {
    let (before, after) = &*PAGE;
    format!("{before}let spec = {};{after}", in_script(&document.to_string()))
}

/// JSON that can stand in a script: nothing in it ends the script or begins a comment.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_holds_the_document_and_needs_no_network() {
        let page = page(&json!({"info": {"title": "</script><b>"}}));
        assert!(page.contains(r#"let spec = {"info":{"title":"\u003c/script>\u003cb>"}};"#));
        assert!(!PAGE.1.is_empty());
        for asset in ["<script src", "<link", "@import", "url(http", "url(//"] {
            assert!(!page.contains(asset), "{asset}");
        }
    }
}
