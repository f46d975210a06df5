//! What is on its way of a body that nobody wants.
//!
//! A client that is still writing when its answer comes and its stream or connection ends may take that for a failure, and
//! never look at the answer: `curl` does over HTTP/2. So a little of it is read, and thrown away, first.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::time::Duration;

/// How much is read.
const BYTES: usize = 64 * 1024;
/// For how long.
const TIME: Duration = Duration::from_secs(1);

/// Reads a body to its end, if it is near.
pub(super) async fn linger(mut body: Incoming) {
    let reading = async {
        let mut left = BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // A client that is slower is not waited for.
    let _ = tokio::time::timeout(TIME, reading).await;
}
