//! Answers that are written while they are read from the database: memory does not grow with them.

use futures_util::{Stream, StreamExt};
use poem::{Body, Response, http::header};
use serde::Serialize;

use crate::{problem::Problem, reply::Reply};

/// How much is gathered before it is sent.
const PART: usize = 32 << 10;

/// An answer of pieces. What goes wrong before the first part is full gives a problem; later it can only break off.
pub(crate) async fn answer<S>(media: &'static str, pieces: S) -> Reply
where
    S: Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static,
{
    let mut parts = Box::pin(gather(pieces));
    let first = parts.next().await.transpose()?;
    let rest = parts.map(|part| part.map_err(broken_off));
    let whole = futures_util::stream::iter(first.map(Ok)).chain(rest);
    Ok(Response::builder().header(header::CONTENT_TYPE, media).body(Body::from_bytes_stream(whole)))
}

/// A JSON array.
pub(crate) fn array<S, T, E>(items: S) -> impl Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    async_stream::try_stream! {
        let mut items = std::pin::pin!(items);
        let mut separator = b'[';
        while let Some(item) = items.next().await {
            let item = item.map_err(Into::into)?;
            let mut piece = vec![separator];
            serde_json::to_writer(&mut piece, &item).map_err(|_| Problem::internal())?;
            separator = b',';
            yield piece;
        }
        yield if separator == b'[' { b"[]".to_vec() } else { b"]".to_vec() };
    }
}

fn gather<S>(pieces: S) -> impl Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static
where
    S: Stream<Item = Result<Vec<u8>, Problem>> + Send + 'static,
{
    async_stream::try_stream! {
        let mut pieces = std::pin::pin!(pieces);
        let mut part = Vec::new();
        while let Some(piece) = pieces.next().await {
            part.append(&mut piece?);
            if part.len() >= PART {
                yield std::mem::take(&mut part);
            }
        }
        if !part.is_empty() {
            yield part;
        }
    }
}

/// The end of an answer that has begun: the connection is cut, so that the client knows that something is missing.
fn broken_off(problem: Problem) -> std::io::Error {
    tracing::error!(detail = problem.detail(), "an answer broke off");
    std::io::Error::other("the answer broke off")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn text(items: Vec<Result<u32, Problem>>) -> Result<String, Problem> {
        let mut answer = answer("application/json", array(stream::iter(items))).await?;
        Ok(answer.take_body().into_string().await.unwrap())
    }

    #[tokio::test]
    async fn an_array_is_written_item_by_item() {
        assert_eq!(text(vec![]).await.unwrap(), "[]");
        assert_eq!(text(vec![Ok(1), Ok(2)]).await.unwrap(), "[1,2]");
        let many = text((0..100_000).map(Ok).collect()).await.unwrap();
        assert_eq!(serde_json::from_str::<Vec<u32>>(&many).unwrap().len(), 100_000);
    }

    #[tokio::test]
    async fn an_early_error_is_a_problem() {
        let refused = text(vec![Ok(1), Err(Problem::internal())]).await.unwrap_err();
        assert_eq!(refused.status(), poem::http::StatusCode::INTERNAL_SERVER_ERROR);
    }
}
