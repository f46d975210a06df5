//! trino-rust-client: each line of standard input is a cell as JSON, whose steps are done by a client of its own; each
//! line of standard output says what came of them.

use futures::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::sync::Arc;
use trino_rust_client::auth::{Auth, RedirectHandler};
use trino_rust_client::client::{Client, ClientBuilder};
use trino_rust_client::ssl::Ssl;
use trino_rust_client::Row;

type Outcome = Result<Value, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let client = connect(&asked["connection"]);
        let apart = asked["connection"]["transaction"] == true;
        let mut outcomes = Vec::new();
        if let (Ok(client), true) = (&client, apart) {
            query(client, "START TRANSACTION").await?;
        }
        for step in asked["steps"].as_array().into_iter().flatten() {
            let came = match &client {
                Ok(client) => done(client, text(step, "op"), text(step, "sql")).await,
                Err(error) => Err(error.to_string().into()),
            };
            outcomes.push(came.unwrap_or_else(|error| json!({"error": error.to_string()})));
        }
        // The order of fields is what the reader looks for.
        let outcomes = Value::Array(outcomes);
        println!("{{\"cell\":{},\"way\":{},\"outcomes\":{outcomes}}}", asked["cell"], asked["way"]);
    }
    Ok(())
}

fn connect(told: &Value) -> Result<Client, Box<dyn Error>> {
    let port = told["port"].as_u64().and_then(|port| u16::try_from(port).ok()).ok_or("no port")?;
    let mut builder = ClientBuilder::new(text(told, "user"), text(told, "host"))
        .port(port)
        .catalog(text(told, "catalog"))
        .schema(text(told, "schema"))
        .source(text(told, "source"));
    for tag in told["tags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        builder = builder.client_tag(tag);
    }
    for (name, value) in told["properties"].as_object().into_iter().flatten() {
        builder = builder.property(name, value.as_str().unwrap_or_default());
    }
    if let Some(ca) = told["ca"].as_str() {
        builder = builder.secure(true).ssl(Ssl { root_cert: Some(Ssl::read_pem(&ca)?) });
    }
    if let Some(password) = told["password"].as_str() {
        builder = builder.auth(Auth::new_basic(text(told, "user"), Some(password)));
    } else if let Some(token) = told["token"].as_str() {
        builder = builder.auth(Auth::new_jwt(token));
    } else if let Some(browser) = told["browser"].as_str() {
        builder = builder.auth(Auth::new_oauth2_with_handler(Arc::new(Desk(browser.to_owned()))));
    }
    Ok(builder.build()?)
}

/// Where somebody is asked to log in by a browser.
struct Desk(String);

impl Desk {
    fn ask(&self, url: &str) -> std::io::Result<()> {
        let address = self.0.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address)?;
        // Nothing in such an address has to be escaped.
        write!(stream, "GET /?to={url} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        // The client asks for its token once this has returned, and waits for it.
        std::io::copy(&mut stream, &mut std::io::sink())?;
        Ok(())
    }
}

impl RedirectHandler for Desk {
    fn redirect(&self, url: &str) -> trino_rust_client::error::Result<()> {
        self.ask(url).map_err(|error| trino_rust_client::error::Error::OAuth2(error.to_string()))
    }
}

async fn done(client: &Client, op: &str, sql: &str) -> Outcome {
    match op {
        "query" => query(client, sql).await,
        "hash" => hash(client, sql).await,
        "cancel" => cancel(client, sql).await,
        "progress" => progress(client, sql).await,
        // By a stream, as `commit` asks for a page without credentials.
        "commit" => ended(client, "COMMIT").await,
        "rollback" => ended(client, "ROLLBACK").await,
        _ => Err(format!("no such step: {op}").into()),
    }
}

async fn query(client: &Client, sql: &str) -> Outcome {
    let mut found = client.stream::<Row>(sql).await?;
    let columns: Vec<Value> = found.columns().iter().map(|column| json!(format!("{column:?}"))).collect();
    let mut rows = Vec::new();
    while let Some(row) = found.next().await {
        rows.push(Value::Array(row?.into_json()));
    }
    Ok(json!({"columns": columns, "rows": rows}))
}

/// Ends a transaction and begins the next one.
async fn ended(client: &Client, how: &str) -> Outcome {
    let came = query(client, how).await?;
    query(client, "START TRANSACTION").await?;
    Ok(came)
}

async fn hash(client: &Client, sql: &str) -> Outcome {
    let mut found = client.stream::<Row>(sql).await?;
    let (mut total, mut count) = (Sha256::new(), 0);
    while let Some(row) = found.next().await {
        total.update(Value::Array(row?.into_json()).to_string());
        count += 1;
    }
    Ok(json!({"count": count, "sha256": format!("{:x}", total.finalize())}))
}

/// Cancels after the first row.
async fn cancel(client: &Client, sql: &str) -> Outcome {
    let mut page = client.get::<Row>(sql).await?;
    while page.data.is_none() {
        let next = page.next_uri.clone().ok_or("no rows")?;
        page = client.get_next(&next).await?;
    }
    client.cancel(&page.id).await?;
    Ok(json!({}))
}

/// Splits that are done, while a statement runs.
async fn progress(client: &Client, sql: &str) -> Outcome {
    let mut page = client.get::<Row>(sql).await?;
    let mut seen = vec![page.stats.completed_splits];
    while let Some(next) = page.next_uri.clone() {
        page = client.get_next(&next).await?;
        seen.push(page.stats.completed_splits);
    }
    Ok(json!({"progress": seen}))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
