"""What a process and its children take of the machine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.hurt import children_of

KIBIBYTE = 1024


def pss_bytes(pid: int) -> int:
    """Return the memory of a process and its children, shared pages counted in shares."""
    return sum(_pss_of(one) for one in (pid, *children_of(pid)))


def _pss_of(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text("ascii"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * KIBIBYTE if found else 0


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
