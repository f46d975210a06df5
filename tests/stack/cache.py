"""The folder outside the checkout where downloads, builds and environments are kept from one run to the next.

An entry is a folder or file named after what it holds and its version. It is made beside its place and renamed into it,
so an entry that is there is whole, and a run that was ended in the middle leaves nothing that a later run would trust.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile

from .progress import Problem


def root():
    """The cache folder: $SLUICE_CACHE, else $XDG_CACHE_HOME/sluice, else ~/.cache/sluice."""
    given = os.environ.get("SLUICE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(given) if given else pathlib.Path(base) / "sluice"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise Problem(f"the cache folder {folder} can't be made ({e.strerror}): set SLUICE_CACHE to a folder you can write to") from e
    return folder


def entry(name, make, gigabytes=0.2):
    """The path of the entry `name`; `make(path)` fills a new folder where it is not there yet.

    `gigabytes` is the free disk space that making it takes.
    """
    final = root() / name
    if final.exists():
        return final
    with lock(name):
        if final.exists():
            return final
        need_disk(gigabytes)
        final.parent.mkdir(parents=True, exist_ok=True)
        half = pathlib.Path(tempfile.mkdtemp(prefix=".making-", dir=root()))
        try:
            make(half)
            half.rename(final)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return final


def need_disk(gigabytes):
    """Raises a Problem where the cache's disk has less free space."""
    free = shutil.disk_usage(root()).free / 1e9
    if free < gigabytes:
        raise Problem(f"{gigabytes:g} GB of disk are needed in {root()} and {free:.1f} GB are free: make room or set SLUICE_CACHE to another disk")


@contextlib.contextmanager
def lock(name):
    """Holds one entry against other runs on the same machine; the second waits for the first."""
    folder = root() / ".locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name.replace("/", "+"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
