//! Reading bodies, never more of them than allowed.

use std::fs::File;

use dbvsg::Error;
use futures_util::{Stream, StreamExt};
use poem::Body;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::problem::Problem;

/// How much of a body that is too large is still read, so that the client hears the answer before the connection ends.
const PATIENCE: u64 = 16 << 20;

/// The whole body.
pub(crate) async fn read(body: Body, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut parts = std::pin::pin!(limited(body, limit));
    let mut whole = Vec::new();
    while let Some(part) = parts.next().await {
        whole.extend_from_slice(&part?);
    }
    Ok(whole)
}

/// The whole body as a temporary file, to be read from its beginning.
pub(crate) async fn spool(body: Body, limit: u64) -> Result<File, Problem> {
    let failed = || Error::file("a temporary file");
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(failed())?);
    let mut parts = std::pin::pin!(limited(body, limit));
    while let Some(part) = parts.next().await {
        file.write_all(&part?).await.map_err(failed())?;
    }
    file.rewind().await.map_err(failed())?;
    Ok(file.into_std().await)
}

/// The body part by part.
pub(crate) fn limited(
    body: Body,
    limit: u64,
) -> impl Stream<Item = Result<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>, Problem>> + Send + 'static {
    async_stream::try_stream! {
        let mut parts = std::pin::pin!(body.into_bytes_stream());
        let mut seen: u64 = 0;
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| Problem::unreadable("the body ended too early"))?;
            seen = seen.saturating_add(part.len() as u64);
            if seen > limit.saturating_add(PATIENCE) {
                break;
            }
            if seen <= limit {
                yield part;
            }
        }
        if seen > limit {
            Err(Problem::too_large(limit))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from_string("12345".into()), 5).await.unwrap(), b"12345");
        let refused = read(Body::from_string("123456".into()), 5).await.unwrap_err();
        assert_eq!(refused.status(), poem::http::StatusCode::PAYLOAD_TOO_LARGE);
    }
}
