"""Starts that did not last. After three of them a post starts without its rules: the floor serves, and says why.

A rule set or an engine that takes the program down would take it down again at every start; a button does not care.
"""

import json
from contextlib import suppress
from pathlib import Path

from dispatcher.settings.sources import replace_file

LIMIT = 3  # quick ends in a row
LASTING_S = 60.0  # a start that lived so long was a good one


class Crashes:
    """Counts starts in a small file of data_dir. A disk that cannot keep the count costs the count, nothing else."""

    def __init__(self, data_dir: Path, boot: str = "") -> None:
        """``boot`` is the kernel's boot id: a power cut ends a program too, and is no fault of its rules."""
        self._path = data_dir / "starts.json"
        self._boot = boot
        self._settled = False
        self.count = self._read()

    @property
    def is_looping(self) -> bool:
        """Return whether the last starts all ended soon."""
        return self.count >= LIMIT

    def started(self) -> None:
        """Note a start that has not lasted yet."""
        self._write(self.count + 1)

    def lasted(self) -> None:
        """Note that this start was a good one, or that it ended because it was told to."""
        if not self._settled:
            self._settled = True
            self._write(0)

    def refused(self) -> None:
        """Note that this start was no start: a person was told what to mend, and no rule is to blame."""
        self._write(self.count)

    def _read(self) -> int:
        try:
            kept = json.loads(self._path.read_bytes())
            value = kept["quick"] if kept.get("boot", "") == self._boot else 0
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return 0
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0

    def _write(self, count: int) -> None:
        with suppress(OSError):
            replace_file(self._path, json.dumps({"quick": count, "boot": self._boot}).encode())
