//! The way of a request for a segment: whose it is, where it is, and its bytes to the client.

use super::segment::Asker;
use super::{Part, Segment, SegmentBody, Spooling};
use crate::proxy::answer::{self, Answer};
use crate::proxy::connect::Received;
use crate::proxy::live::Cluster;
use crate::proxy::mark::{Facts, Owner};
use crate::proxy::query_id::QueryId;
use crate::proxy::response_headers;
use crate::proxy::revoke;
use crate::proxy::serve::Proxy;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Limited};
use std::sync::Arc;

/// What Trino says of a segment that it has no more.
const GONE: &[u8] = b"Segment not found or expired";
/// Most bytes of Trino's text that are looked at for it.
const TEXT: usize = 64 * 1024;

/// Whether a segment is given without a log-in to whoever shows its key.
pub(crate) fn for_no_log_in(proxy: &Proxy, segment: &Segment, asker: Asker<'_>) -> bool {
    let Some((owner, _, facts)) = of(proxy, segment) else {
        return false;
    };
    let live = proxy.live();
    let spooling = live.clusters.by_id(facts.cluster).and_then(|cluster| cluster.spooling.as_ref());
    let by_key = spooling.is_some_and(|spooling| spooling.downloads.by_key());
    segment.is_for(asker, by_key || (facts.by_address && proxy.gives_by_address(&owner)))
}

/// Whose a segment is, of which query, and what is known of that.
fn of(proxy: &Proxy, segment: &Segment) -> Option<(Owner, QueryId, Facts)> {
    let (owner, query) = (segment.owner(), segment.query()?);
    let facts = proxy.key.read(&segment.mark, &owner, &query)?;
    Some((owner, query, facts))
}

/// Answers it with the segment, if it is one of who asks. To anyone else it does not exist.
pub(crate) async fn answer(proxy: &Arc<Proxy>, part: Part, segment: Option<Segment>) -> Response<Answer> {
    let found = segment.and_then(|segment| of(proxy, &segment).map(|of| (segment, of)));
    let Some((segment, (owner, query, facts))) = found else {
        return answer::text(StatusCode::NOT_FOUND, "Segment not found");
    };
    let statement = proxy.started.owned(&query, &owner);
    if let Some(statement) = &statement
        && let Err(refusal) = revoke::review(proxy, statement).await
    {
        return answer::text(StatusCode::FORBIDDEN, &refusal.message);
    }
    let cluster = match &statement {
        Some(known) => Arc::clone(&known.cluster),
        None => match proxy.live().clusters.by_id(facts.cluster) {
            Some(cluster) => Arc::clone(cluster),
            None => {
                let why = "Segment not found: its cluster is not in the configuration any more";
                return answer::text(StatusCode::NOT_FOUND, why);
            }
        },
    };
    let response = match fetch(&cluster, part, &segment, &owner).await {
        Ok(response) => response,
        Err(failed) => return failed.answer(),
    };
    if part == Part::Ack {
        return answer::bare(StatusCode::OK);
    }
    let (parts, incoming) = response.into_parts();
    if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Failed::Unreadable("it is packed once more").answer();
    }
    let body = SegmentBody::new(incoming, cluster.answer_timeout, statement);
    let mut response = Response::new(Either::Right(Either::Right(Box::new(body))));
    *response.headers_mut() = response_headers::of_results();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

/// Why there is no segment.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("no connection to where it is: {0}")]
    Unreachable(String),
    #[error("it is gone")]
    Gone,
    #[error("Trino leads to a place that upstream.spooling.origins does not name: {0}")]
    Elsewhere(String),
    #[error("the answer to it has status {0}")]
    Status(StatusCode),
    #[error("it can't be read: {0}")]
    Unreadable(&'static str),
}

impl Failed {
    /// What a client is told. Where segments are is none of it.
    fn answer(&self) -> Response<Answer> {
        let (status, text) = match self {
            Failed::Gone => (StatusCode::GONE, "The segment is gone: it was acknowledged, or it has expired"),
            Failed::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "The segment can't be fetched at the moment"),
            Failed::Elsewhere(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The segment is in a place that Sluice does not fetch from; the operators have to name it in \
                 upstream.spooling.origins, or to set protocol.spooling.retrieval-mode=COORDINATOR_PROXY in Trino",
            ),
            Failed::Status(_) | Failed::Unreadable(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Trino did not give the segment")
            }
        };
        match self {
            Failed::Gone => tracing::info!("a segment is not given: {self}"),
            _ => tracing::warn!("a segment is not given: {self}"),
        }
        answer::text(status, text)
    }
}

async fn fetch(cluster: &Cluster, part: Part, segment: &Segment, owner: &Owner) -> Result<Response<Received>, Failed> {
    let Some(spooling) = &cluster.spooling else {
        return Err(Failed::Elsewhere("segments are not configured any more".to_owned()));
    };
    let headers = || segment.headers().ok_or(Failed::Unreadable("headers"));
    let response = match segment.place.origin() {
        Some(origin) => of_origin(spooling, origin, &segment.place.path, headers()?).await?,
        None => {
            let user = HeaderValue::from_str(&owner.user).map_err(|_| Failed::Unreadable("user"))?;
            let asked = cluster.upstream.segment(&segment.place.path, headers()?, &user).await;
            let response = asked.map_err(|error| Failed::Unreachable(error.to_string()))?;
            match response.headers().get(header::LOCATION) {
                Some(location) if response.status().is_redirection() && part == Part::Download => {
                    let location = location.to_str().unwrap_or_default().to_owned();
                    let place = spooling.place(&location, part);
                    let Some((origin, path)) = place.and_then(|place| Some((place.origin?, place.path))) else {
                        // What follows the path signs.
                        let place = location.split('?').next().unwrap_or_default().to_owned();
                        return Err(Failed::Elsewhere(place));
                    };
                    of_origin(spooling, &origin, &path, headers()?).await?
                }
                _ => response,
            }
        }
    };
    match response.status() {
        StatusCode::OK => Ok(response),
        StatusCode::NO_CONTENT if part == Part::Ack => Ok(response),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failed::Gone),
        // A storage says so of an address that was signed for a time.
        StatusCode::FORBIDDEN if part == Part::Download => Err(Failed::Gone),
        status => {
            let text = Limited::new(response.into_body(), TEXT).collect();
            let text = tokio::time::timeout(cluster.answer_timeout, text).await;
            let text = text.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let gone = text.windows(GONE.len()).any(|part| part == GONE);
            Err(if gone { Failed::Gone } else { Failed::Status(status) })
        }
    }
}

async fn of_origin(
    spooling: &Spooling,
    origin: &str,
    path: &str,
    headers: http::HeaderMap,
) -> Result<Response<Received>, Failed> {
    let client = spooling.client(origin).ok_or_else(|| Failed::Elsewhere(origin.to_owned()))?;
    let mut request = http::Request::new(crate::proxy::connect::empty());
    *request.uri_mut() = path.parse().map_err(|_| Failed::Unreadable("path"))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    client.send_by(request, None).await.map_err(|error| Failed::Unreachable(error.to_string()))
}
