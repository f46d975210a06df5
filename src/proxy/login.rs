//! The pages and answers of a log-in by a browser.
//!
//! In: what a browser or a client asks for below `/oauth2/`. Out: pages without scripts, styles or pictures, which nothing may
//! frame or keep, and JSON for the client that polls. Nothing here identifies anybody: that is done by the token that
//! the client is given.

use super::answer::{self, Answer, bare, full};
use super::routes::LoginRoute;
use crate::console::Metrics;
use crate::identity::{CameBack, Challenge, Login, Polled, Wrong};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use serde_json::json;

const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers a request of a log-in. Where none is configured, there is nothing.
pub(super) async fn answer(
    login: Option<&Login>,
    metrics: &Metrics,
    asked: LoginRoute,
    headers: &HeaderMap,
) -> Response<Answer> {
    let Some(login) = login else {
        return answer::status(StatusCode::FORBIDDEN);
    };
    match asked {
        LoginRoute::SetOut(ticket) => match login.set_out(&ticket).await {
            Ok(out) => with_cookie(setting_out(&out.url), Some(&out.cookie)),
            Err(wrong) => {
                count(metrics, &wrong);
                refused(&wrong)
            }
        },
        LoginRoute::ComeBack(query) => {
            let CameBack { user, cookie } = login.come_back(&query, headers).await;
            let response = match &user {
                Ok(user) => {
                    metrics.logged_in("done");
                    done(user)
                }
                Err(wrong) => {
                    count(metrics, wrong);
                    refused(wrong)
                }
            };
            with_cookie(response, cookie.as_deref())
        }
        LoginRoute::Poll(id) => polled(login.poll(&id).await, || login.next(&id)),
        LoginRoute::Forget(id) => {
            login.forget(&id);
            bare(StatusCode::NO_CONTENT)
        }
    }
}

/// What a client is told that proved nothing.
pub(super) async fn challenge(metrics: &Metrics, login: &Login, headers: &HeaderMap) -> Option<Challenge> {
    let challenge = login.challenge(headers).await?;
    if challenge.redirect.is_none() {
        metrics.logged_in("renewed");
    }
    Some(challenge)
}

fn count(metrics: &Metrics, wrong: &Wrong) {
    metrics.logged_in(match wrong {
        Wrong::Busy | Wrong::Unavailable => "unavailable",
        _ => "refused",
    });
}

fn polled(polled: Polled, next: impl FnOnce() -> String) -> Response<Answer> {
    let body = match polled {
        Polled::Token(token) => json!({ "token": token }),
        Polled::Wait => json!({ "nextUri": next() }),
        Polled::Failed(reason) => json!({ "error": reason }),
        // Trino's clients ask again after this status.
        Polled::Full => return answer::text(StatusCode::SERVICE_UNAVAILABLE, &Wrong::Busy.to_string()),
    };
    let mut response = answer::text(StatusCode::OK, &body.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The question before a browser goes to the issuer. Without it any page could send a browser there whose user is logged in,
/// and have a token that somebody else waits for.
fn setting_out(url: &str) -> Response<Answer> {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    page(
        StatusCode::OK,
        "Log in to Trino",
        &format!(
            "<p>A program wants to use Trino in your name. If you have just started it yourself, go on. If not, or if \
             somebody sent you here, close this page: whoever started that program could do all that you may.</p>\
             <p><a href=\"{}\">Log in at {}</a></p>",
            escaped(url),
            escaped(&host)
        ),
    )
}

fn done(user: &str) -> Response<Answer> {
    page(
        StatusCode::OK,
        "Logged in",
        &format!(
            "<p>You are logged in as <strong>{}</strong>. Your program goes on by itself, and you can close this \
             page.</p><p>If you started no program, tell the people who run Trino at once: somebody works in your name.</p>",
            escaped(user)
        ),
    )
}

fn refused(wrong: &Wrong) -> Response<Answer> {
    let status = match wrong {
        Wrong::Unknown | Wrong::Elsewhere => StatusCode::NOT_FOUND,
        Wrong::Over => StatusCode::GONE,
        Wrong::Browser | Wrong::NotLoggedIn(_) | Wrong::Refused => StatusCode::FORBIDDEN,
        Wrong::Busy | Wrong::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    page(status, "Not logged in", &format!("<p>{}</p>", escaped(&wrong.to_string())))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response<Answer> {
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>\n"
    );
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store, max-age=0"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn with_cookie(mut response: Response<Answer>, cookie: Option<&str>) -> Response<Answer> {
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::fmt::Write;

    async fn text(response: Response<Answer>) -> String {
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        format!("{status} {}", String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_a_browser_shows() {
        let mut all = String::new();
        for response in [
            setting_out("https://login.example.com/auth?client_id=sluice&state='x'"),
            done("anna <script>"),
            refused(&Wrong::Unknown),
            refused(&Wrong::Over),
            refused(&Wrong::Elsewhere),
            refused(&Wrong::Browser),
            refused(&Wrong::NotLoggedIn("access_denied".to_owned())),
            refused(&Wrong::Refused),
            refused(&Wrong::Busy),
            refused(&Wrong::Unavailable),
        ] {
            all.write_str(&text(response).await).unwrap();
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn nothing_may_frame_keep_or_script_a_page() {
        let headers = done("anna").headers().clone();
        insta::assert_debug_snapshot!(headers);
    }

    #[tokio::test]
    async fn what_a_client_is_told() {
        let mut all = String::new();
        for what in
            [Polled::Token("t\"".to_owned()), Polled::Wait, Polled::Failed(Wrong::Over.to_string()), Polled::Full]
        {
            let response = polled(what, || "https://trino.example.com/oauth2/token/a".to_owned());
            assert_eq!(response.headers()["cache-control"], "no-store, max-age=0");
            writeln!(all, "{}", text(response).await).unwrap();
        }
        insta::assert_snapshot!(all);
    }
}
