//! Looks for a text that is not stood: one that makes the parser panic or wait, or of which it says two things (`bytes`,
//! `grammar`); one that makes a decision panic or wait, or whose restrictions the verifier does not miss (`decide`); a head
//! of a request (`head`) or a page of Trino's (`page`) that breaks a rule of what goes on; a connection (`connection`) whose
//! messages are others where it comes in other pieces, or end where two programs would not agree.
//!
//! In: a target, a time and a seed. Out: how many texts were tried, or the first one that breaks a
//! rule of [`check`], with the seed that makes it again; then it ends with 1. A part of `make test` tries each target for
//! a few seconds; for longer:
//!
//! ```sh
//! cargo test --release --test fuzz -- --target bytes --seconds 1800 --seed 7
//! ```
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a tool of the tests: it talks to people, and where it is wrong itself it must stop"
)]

mod bytes;
mod check;
mod decide;
mod grammar;
mod random;
mod wire;

use random::Random;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const TARGETS: [&str; 6] = ["bytes", "grammar", "decide", "connection", "head", "page"];
/// How long each target runs without another wish.
const SECONDS: u64 = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(at + 1).expect(name).clone())
    };
    let number = |name: &str, otherwise: u64| given(name).map_or(otherwise, |text| text.parse().expect(name));
    let (seconds, seed) = (number("--seconds", SECONDS), number("--seed", 1));
    let wanted = given("--target");
    let targets: Vec<&str> =
        TARGETS.into_iter().filter(|target| wanted.as_deref().is_none_or(|wanted| wanted == *target)).collect();
    assert!(!targets.is_empty(), "--target is one of {TARGETS:?}");
    // What is found is told below; the usual words about a panic would come for each.
    std::panic::set_hook(Box::new(|_| {}));
    for target in targets {
        if let Err(found) = run(target, Duration::from_secs(seconds), seed) {
            println!("{found}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(target: &str, time: Duration, seed: u64) -> Result<(), String> {
    let texts: Vec<&'static str> = seeds();
    let began = Instant::now();
    let mut told = began;
    let (mut tried, mut read, mut bytes) = (0_u64, 0_u64, 0_u64);
    let mut decided = decide::Decided::new();
    while began.elapsed() < time {
        // Each text has a seed of its own, so that it can be made again alone.
        let own = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(tried);
        let mut random = Random::new(own);
        let (text, checked) = match target {
            "decide" => decided.one(&mut random),
            "connection" => wire::connection(&mut random),
            "head" => wire::head(&mut random),
            "page" => wire::page(&mut random),
            _ => {
                let make = if target == "bytes" { bytes::text } else { grammar::text };
                let text = make(&mut random, &texts);
                let checked = check::check(&text);
                (text, checked)
            }
        };
        match checked {
            Ok(accepted) => read += u64::from(accepted),
            Err(why) => {
                let shown = String::from_utf8_lossy(&text);
                return Err(format!("{target}, seed {seed}, text {tried}: {why}\n{shown:?}\nas bytes: {text:?}"));
            }
        }
        tried += 1;
        bytes += text.len() as u64;
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!("{target}: {} s, {tried} texts, {read} read", began.elapsed().as_secs());
            std::io::stdout().flush().expect("standard output");
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let done = match target {
        "decide" => "forwarded",
        "head" => "answered",
        "page" => "shown",
        _ => "read as statements",
    };
    println!(
        "fuzz {target}: {tried} texts of {bytes} bytes in {seconds:.0} s (seed {seed}), {read} {done}, nothing found"
    );
    if target == "decide" {
        let decide::Decided { alarms, alarm, restricted, .. } = decided;
        println!("  {restricted} of them restricted; the verifier refused {alarms} {}", alarm.unwrap_or_default());
    }
    Ok(())
}

/// Statements to begin from.
fn seeds() -> Vec<&'static str> {
    let accepted = include_str!("../../src/sql/parser/tests/accepted.sql");
    let probes = include_str!("../conformance/probes.txt");
    accepted.lines().chain(probes.lines()).filter(|line| !line.is_empty() && !line.starts_with("##")).collect()
}
