//! The `sluice` command: reads the arguments and runs one of `sluice::cli`'s commands.

/// A page takes some eighty allocations, most of them hyper's, for which glibc's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sluice::cli::run()
}
