"""Bytes on the card have changed while the post was off: it starts, at most the damaged record is lost, and it is said."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dispatcher.journal.layout import CRC, RECORD, SECTOR, read_header, record_magic
from tests.support.daemons import ROOT
from tests.support.hurt import HurtTown
from tests.support.ledger import Ledger, homes
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

CLEAN, REPAIRABLE, LOST = 0, 1, 2
CORRUPT = "kentongan_journal_corrupt_records_total"


@dataclass(frozen=True)
class Place:
    """Where a record stands."""

    path: Path
    start: int
    size: int


def records(data: Path) -> list[Place]:
    """Return where the records of all segments stand, as a reader would find them."""
    return [place for path in sorted((data / "journal").glob("*.seg")) for place in _records_of(path)]


def _records_of(path: Path) -> list[Place]:
    raw = path.read_bytes()
    header = read_header(raw)
    assert header is not None
    magic, at, found = CRC.pack(record_magic(header.journal_id)), SECTOR, []
    while raw[at : at + len(magic)] == magic:
        size = RECORD.size + RECORD.unpack_from(raw, at)[2]
        found.append(Place(path, at, size))
        at += size + -size % 8
    return found


def flip(path: Path, at: int) -> None:
    """Flip one bit of the byte at ``at``."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def verify(data: Path) -> tuple[int, str]:
    """Return what `kentongan journal verify` says: exit code and words."""
    command = [sys.executable, "-m", "dispatcher", "journal", "verify", "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def press_all(ledger: Ledger, times: int) -> None:
    """Press every button so often, and return when all is saved."""
    for _ in range(times):
        for button in ledger.buttons:
            ledger.press(button)
    eventually(lambda: ledger.pressed <= ledger.confirmed("saved").keys(), ledger.town.logs, meanwhile=ledger.repeat)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 9))])
def test_one_flipped_bit_in_the_journal_costs_at_most_one_press_and_is_said(
    wired: HurtTown, wired_ledger: Ledger, seed: int
) -> None:
    town, ledger, chance = wired, wired_ledger, random.Random(seed)
    town.uplink_wire.hold()  # the journal is the only place where these presses are
    press_all(ledger, 5)
    town.post.kill()
    place = chance.choice(records(town.post_data)[:-1])
    flip(place.path, place.start + chance.randrange(place.size))
    code, words = verify(town.post_data)
    assert code == LOST
    assert "HILANG" in words

    town.uplink_wire.reset()  # or what was held on the wire would arrive although the journal has lost it
    town.uplink_wire.heal()
    town.restart_post()
    assert town.metric(CORRUPT) == 1
    eventually(lambda: len(ledger.pressed - homes(town.officer).keys()) <= 1, town.logs)
    town.wait_metric("kentongan_outbox_depth", lambda depth: depth == 0)
    found = homes(town.officer)
    assert found.keys() <= ledger.pressed
    assert all(len(incidents) == 1 for incidents in found.values())
    for button in ledger.buttons:
        ledger.press(button)
    eventually(lambda: len(ledger.pressed - homes(town.officer).keys()) <= 1, town.logs, meanwhile=ledger.repeat)


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [1, 2], ids=["the newest", "both"])
def test_a_damaged_checkpoint_costs_nothing_because_the_journal_has_it_all(
    town: HurtTown, ledger: Ledger, damaged: int
) -> None:
    press_all(ledger, 2)
    ledger.settle()
    assert town.post.stop() == 0
    town.restart_post()
    press_all(ledger, 2)
    ledger.settle()
    assert town.post.stop() == 0
    checkpoints = sorted((town.post_data / "journal").glob("*.checkpoint"))
    assert len(checkpoints) == 2
    for path in checkpoints[-damaged:]:
        flip(path, path.stat().st_size // 2)
    code, words = verify(town.post_data)
    assert code == REPAIRABLE
    assert checkpoints[-1].name in words

    town.restart_post()
    assert town.metric(CORRUPT) == 0
    before = homes(town.officer)
    for button in ledger.buttons:
        for seq in range(1, 5):
            answered = len(button.confirms(seq))
            button.press(seq)
            eventually(lambda: len(button.confirms(seq)) > answered, town.logs)  # noqa: B023
    assert homes(town.officer) == before, "a copy was taken for a new press"
    press_all(ledger, 1)
    ledger.settle()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_card_full_of_rot_still_gives_a_post_that_takes_calls(town: HurtTown, ledger: Ledger, seed: int) -> None:
    press_all(ledger, 3)
    ledger.settle()
    assert town.post.stop() == 0
    chance = random.Random(seed)
    for path in sorted((town.post_data).rglob("*")):
        if path.is_file() and path.name != "lock" and path.stat().st_size:
            for _ in range(20):
                flip(path, chance.randrange(min(path.stat().st_size, 65_536)))
    town.restart_post()
    for button in ledger.buttons:
        button.boot += 1
        ledger.press(button)
    eventually(lambda: ledger.pressed <= homes(town.officer).keys(), town.logs, meanwhile=ledger.repeat)
