//! The `sluice` command: reads the arguments and runs one of `sluice::cli`'s commands.

fn main() -> std::process::ExitCode {
    sluice::cli::run()
}
