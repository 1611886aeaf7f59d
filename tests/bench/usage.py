"""What a running process and its children use, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

from tests.bench.stage import children

MIB = 1024 * 1024


def pss_mib(pid: int) -> float:
    """Return the proportional memory of a process and everything below it, in MiB."""
    return sum(_pss_kib(one) for one in (pid, *children(pid))) / 1024


def _pss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def written_bytes(pid: int) -> int:
    """Return the bytes that a process has caused to be written to storage.

    The kernel counts whole pages as they are made dirty, before a disk or a file system adds its own; that is the
    nearest to "bytes to the device" that can be told apart from the rest of the machine.
    """
    for line in Path(f"/proc/{pid}/io").read_text("ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0
