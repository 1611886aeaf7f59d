"""The power goes while a post works: whatever the card held at that moment, it holds every press called saved."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.brokers import require_mosquitto
from tests.support.card import Card, card_of, new_card
from tests.support.hurt import HurtTown, town_of_hurt
from tests.support.ledger import Ledger, Press, homes
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

SENSOR_EVERY = 3  # presses for one reading, so that saves of both kinds stand on the card


@dataclass(frozen=True)
class Cut:
    """What the card held when the power went, and which presses had been called saved by then."""

    image: Path
    saved: dict[Press, set[str]]


def on(card: Card) -> dict[str, str]:
    """Return the settings of a post whose data lie on the card."""
    return {"data_dir": str(card.mount / "data")}


@contextmanager
def pressing(ledger: Ledger, chance: random.Random) -> Iterator[None]:
    """Let the buttons be pressed all the time, in bursts and pauses; every press is repeated until it is answered."""
    stop = threading.Event()
    door = ledger.town.radio("door-1")

    def press() -> None:
        while not stop.wait(chance.choice((0.0, 0.01, 0.05, 0.2))):
            ledger.press(chance.choice(ledger.buttons))
            if len(ledger.pressed) % SENSOR_EVERY == 0:
                door.mutter("kentongan/door-1/event", {"kind": "door.open", "attrs": {"forced": False}})

    thread = threading.Thread(target=press, name="fingers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def cuts(ledger: Ledger, card: Card, folder: Path, number: int, seed: int) -> list[Cut]:
    """Run a post on the card and cut the power ``number`` times, each time into a copy."""
    town, chance = ledger.town, random.Random(seed)
    assert isinstance(town, HurtTown)
    found: list[Cut] = []
    with pressing(ledger, chance):
        for nth in range(number):
            before = len(ledger.confirmed())
            more = chance.randrange(1, 25)
            eventually(lambda: len(ledger.confirmed()) >= before + more, town.logs, meanwhile=ledger.repeat)  # noqa: B023
            with town.post.frozen():
                saved = ledger.confirmed()
                card.copy(folder / f"{nth}.img")
            found.append(Cut(folder / f"{nth}.img", saved))
    ledger.settle()
    return found


def after_the_cut(folder: Path, cut: Cut) -> dict[Press, set[str]]:
    """Start a post on what the card held, with a precinct that has forgotten everything; return what that is told."""
    with card_of(cut.image, folder / "found") as card, town_of_hurt(folder / cut.image.stem, post=on(card)) as town:
        button = town.button("btn-6")
        button.wait(button.press(), "delivered")  # its receipt names a new store: the last days are sent again
        eventually(
            lambda: cut.saved.keys() <= homes(town.officer).keys(),
            lambda: f"lost: {sorted(cut.saved.keys() - homes(town.officer).keys())}\n{town.logs()}",
        )
        told = homes(town.officer)
        told.pop(("btn-6", 1, 1))
        assert town.metric("kentongan_journal_corrupt_records_total") == 0
        assert town.post.stop() == 0
    return told


@pytest.mark.parametrize(
    ("number", "seed"), [(3, 7), *(pytest.param(20, seed, marks=pytest.mark.slow) for seed in (11, 12))]
)
def test_every_press_called_saved_is_on_the_card_whenever_the_power_goes(
    tmp_path: Path, number: int, seed: int
) -> None:
    require_mosquitto()
    with new_card(tmp_path) as card, town_of_hurt(tmp_path / "town", post=on(card)) as town:
        ledger = Ledger(town, [town.button(f"btn-{n}") for n in (1, 2, 3)])
        found = cuts(ledger, card, tmp_path, number, seed)
    for cut in found:
        told = after_the_cut(tmp_path, cut)
        for press, named in cut.saved.items():
            assert told[press] == named, f"{press} was confirmed in {named}, and is told in {told[press]}"
        assert told.keys() <= ledger.pressed, "nobody pressed that"
        cut.image.unlink()
    assert found[-1].saved
