//! The servers that `make bench-proxy` measures with: a Trino that only answers, and the barest proxy there can be.
//!
//! ```text
//! proxy-bench-servers upstream ADDRESS            a Trino that answers each statement with pages of a fixed size
//! proxy-bench-servers bare ADDRESS UPSTREAM       hyper, passing each request on as it is
//! ```

mod bare;
mod upstream;

use std::net::SocketAddr;
use std::process::ExitCode;

/// Sluice's own, so that what is compared is the way of a page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["upstream", address] => upstream::serve(address.parse::<SocketAddr>()?).await?,
        ["bare", address, upstream] => bare::serve(address.parse::<SocketAddr>()?, upstream).await?,
        // what cargo asks of a program that it takes for one of tests
        _ => return Ok(ExitCode::from(2)),
    }
    Ok(ExitCode::SUCCESS)
}
