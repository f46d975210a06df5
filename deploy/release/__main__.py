"""`make release`: Sluice as for production, laid out by what a load goes through.

Built once with counters, put under the load of `load.py`, and built once more by what was counted (`rustc -C profile-use`). What each
request goes through then lies together, and what nearly none does lies elsewhere. Prints where the program is.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from tests.stack import process, sluice
from tests.stack.progress import Problem, main, say, step
from tests.stack.sluice import ROOT

from . import load

# What a count rests on. The rest of the checkout may change without another load.
COUNTED = ("Cargo.toml", "Cargo.lock", "src", "benches/proxy/upstream.rs", "benches/proxy/policies", "deploy/release/load.py")


def build():
    """Builds it; the path of the program."""
    target = sluice.target() / "trained"
    version, host = toolchain()
    profile = target / f"{key(version)}.profdata"
    if not profile.exists():
        merge = profdata(host)
        with step("building Sluice with counters (some ten minutes the first time)"):
            counting = cargo(target / "counting", host, "-Cprofile-generate")
        count(counting, target / "counts")
        for old in target.glob("*.profdata"):
            old.unlink()
        half = profile.with_suffix(".half")
        subprocess.run([merge, "merge", "-o", half, *(target / "counts").glob("*.profraw")], check=True)
        half.rename(profile)
    with step("building Sluice by what was counted (some ten minutes the first time)"):
        return cargo(target, host, f"-Cprofile-use={profile}")


def toolchain():
    """What the compiler says of itself, and the machine that it builds for."""
    try:
        version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        raise Problem("rustc is missing: install Rust with rustup") from e
    return version, next(line.removeprefix("host: ") for line in version.splitlines() if line.startswith("host: "))


def key(version, root=ROOT):
    """A name for all that a count rests on."""
    digest = hashlib.sha256(version.encode())
    for place in (root / name for name in COUNTED):
        for file in sorted(path for path in [place, *place.rglob("*")] if path.is_file() and path.suffix != ".pyc"):
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def profdata(host):
    """The compiler's own `llvm-profdata`, which others can't stand in for: they read other versions of its files."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    program = pathlib.Path(sysroot) / "lib/rustlib" / host / "bin/llvm-profdata"
    if not program.exists() and shutil.which("rustup"):
        with step("installing llvm-tools"):
            subprocess.run(["rustup", "component", "add", "llvm-tools"], check=False, cwd=ROOT)
    if not program.exists():
        raise Problem(f"{program} is missing: rustup component add llvm-tools")
    return program


def cargo(target, host, flag):
    """Builds Sluice with a flag of the compiler; the path of the program.

    A host that is named keeps the flag from what only runs at build time. Nothing else is built along: what that needs of a dependency gives all
    functions other names, and what was counted is found by these.
    """
    command = ["cargo", "build", "-q", "--locked", "--release", "--target", host, "--target-dir", str(target), "--bin", "sluice"]
    # Of the two variables this is the one that a folder with a space in its name can stand in.
    flags = "\x1f".join([*os.environ.get("RUSTFLAGS", "").split(), flag])
    try:
        subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL, env={**os.environ, "CARGO_ENCODED_RUSTFLAGS": flags})
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        raise Problem("Sluice does not build: see the compiler's lines above") from e
    return target / host / "release/sluice"


def upstream():
    """What stands for Trino under the load, built as the tests are; the path of the program."""
    with step("building what answers for Trino"):
        try:
            subprocess.run(["cargo", "build", "-q", "--locked", "--example", "proxy-bench-servers"], check=True, cwd=ROOT, stdin=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.CalledProcessError) as e:
            raise Problem("it does not build: see the compiler's lines above") from e
    return sluice.target() / "debug/examples/proxy-bench-servers"


def count(program, counts):
    """Puts a program with counters under the load. They are written down when it ends, which it has to do by itself."""
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    answering = upstream()
    with step("putting it under load"):
        answered = load.run(program, answering, counts / "run", {"LLVM_PROFILE_FILE": str(counts / "%p.profraw")})
    say(f"    {answered:,} requests were answered")
    if not any(counts.glob("*.profraw")):
        raise Problem(f"nothing was counted; the server's log is below {counts}/run")


def command():
    """Builds and says where the program is."""
    argparse.ArgumentParser(prog="make release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    process.end_children_on_signals()
    print(build())
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main(command)
