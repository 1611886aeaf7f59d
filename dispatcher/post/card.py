"""What the kernel knows of the card that a post saves to: errors of its file system, wear, whether it is read-only.

An SD card tells nothing of its wear; eMMC modules do, and file systems of the kind ext4 count their errors.
"""

import os
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")


@dataclass(frozen=True, slots=True)
class Card:
    """``name`` is the kernel's (``mmcblk0p2``). ``worn`` is percent of its life, ``errors`` what ext4 has counted.

    What nobody can read is None.
    """

    name: str = ""
    read_only: bool = False
    free_bytes: int | None = None
    errors: int | None = None
    worn: int | None = None


def card_of(folder: Path, sys: Path = SYS) -> Card:
    """Return what is known of the card on which ``folder`` lies, or would lie. Raises nothing."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    try:
        room, device = os.statvfs(there), there.stat().st_dev
    except OSError:
        return Card()
    found = _block(sys, device)
    name = "" if found is None else found.name
    return Card(
        name,
        bool(room.f_flag & os.ST_RDONLY),
        room.f_bavail * room.f_frsize,
        _number(sys / "fs" / "ext4" / name / "errors_count") if name else None,
        None if found is None else _worn(found),
    )


def _block(sys: Path, device: int) -> Path | None:
    try:
        return (sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    except OSError:
        return None  # a tmpfs, an overlay: no card that the kernel knows of


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _worn(block: Path) -> int | None:
    """Return how much of its life an eMMC says it has used: tenths, of both of its kinds of memory (JEDEC 5.0)."""
    for whole in (block, block.parent):  # of a partition the disk
        try:
            text = (whole / "device" / "life_time").read_text(encoding="ascii")
            return max(int(word, 16) for word in text.split()) * 10
        except (OSError, ValueError):
            continue
    return None
