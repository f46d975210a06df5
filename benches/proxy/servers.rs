//! The servers that `make bench-proxy` measures with: a Trino that only answers, and the barest proxy there can be.
//!
//! ```text
//! proxy-bench-servers upstream ADDRESS [TLS]        a Trino that answers each statement with pages of a fixed size
//! proxy-bench-servers bare ADDRESS UPSTREAM [TLS]   hyper, passing each request on as it is
//! ```
//!
//! TLS is a folder with `server.pem`, `server.key` and `ca.pem`; it is spoken on each side then.

mod bare;
mod tls;
mod upstream;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use tls::Tls;

/// Sluice's own, so that what is compared is the way of a page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["upstream", address] => upstream::serve(address.parse::<SocketAddr>()?, None).await?,
        ["upstream", address, tls] => {
            upstream::serve(address.parse::<SocketAddr>()?, Some(Tls::of(Path::new(tls))?)).await?;
        }
        ["bare", address, upstream] => bare::serve(address.parse::<SocketAddr>()?, upstream, None).await?,
        ["bare", address, upstream, tls] => {
            bare::serve(address.parse::<SocketAddr>()?, upstream, Some(Tls::of(Path::new(tls))?)).await?;
        }
        // what cargo asks of a program that it takes for one of tests
        _ => return Ok(ExitCode::from(2)),
    }
    Ok(ExitCode::SUCCESS)
}
