//! `/openapi.json` and `/docs`

use poem::{Response, http::header};
use serde_json::json;

use crate::{
    call::Call,
    openapi,
    operation::{Content, Operation},
    reply::{self, Reply},
};

pub(super) fn operations() -> [Operation; 2] {
    let html = Content { media: "text/html", schema: json!({"type": "string"}) };
    [
        Operation::get("/openapi.json", "openapi")
            .tag("meta")
            .summary("This document")
            .answers(200, "the document", Some(Content::json(json!({"type": "object"}))))
            .run(document),
        Operation::get("/docs", "docs")
            .tag("meta")
            .summary("This document as a page, to read and to try")
            .answers(200, "the page", Some(html))
            .run(page),
    ]
}

async fn document(call: Call) -> Reply {
    reply::ok(&openapi::served_under(&call.shared().document, call.prefix()))
}

async fn page(call: Call) -> Reply {
    let page = openapi::page(&openapi::served_under(&call.shared().document, call.prefix()));
    Ok(Response::builder().header(header::CONTENT_TYPE, "text/html; charset=utf-8").body(page))
}
