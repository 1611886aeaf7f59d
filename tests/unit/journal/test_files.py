import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.journal.files import read_all, write_all


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Lets the kernel write up to ``size`` bytes of any file, and refuse the rest: a write that stops half way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_stops_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"kept" + bytes(100))
    fd = os.open(path, os.O_RDWR)
    try:
        with files_no_longer_than(50), pytest.raises(OSError, match="too large"):
            write_all(fd, b"x" * 90, 4)
        assert path.read_bytes() == b"kept" + bytes(100)
        write_all(fd, b"y" * 90, 4)
        assert path.read_bytes() == b"kept" + b"y" * 90 + bytes(10)
    finally:
        os.close(fd)


def test_reading_beyond_the_end_gives_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert read_all(fd, 4096) == b"short"
    finally:
        os.close(fd)
