"""The account of a night: what was pressed, what was confirmed, and what stands at the precinct, press by press."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.support.radio import Button
from tests.support.town import Answer, Officer, Town
from tests.support.waiting import PATIENCE_S, eventually

Press = tuple[str, int, int]
"""Device, boot, seq."""


class Ledger:
    """Follows some buttons over changes of their boot number. ``press`` through it, so that nothing goes unnoticed."""

    def __init__(self, town: Town, buttons: Sequence[Button]) -> None:
        self.town = town
        self.buttons = list(buttons)
        self.pressed: set[Press] = set()

    def press(self, button: Button) -> Press:
        """Press once and write it down."""
        seq = button.press()
        self.pressed.add(press := (button.device, button.boot, seq))
        return press

    def confirmed(self, stage: str | None = None) -> dict[Press, set[str]]:
        """Return the incidents that the answers to each press have named; of one stage, or of any."""
        named: dict[Press, set[str]] = defaultdict(set)
        for button in self.buttons:
            for message in button.radio.heard("/confirm"):
                body = message.body
                if body.get("incident") and stage in (None, body["stage"]):
                    named[(button.device, body["boot"], body["seq"])].add(body["incident"])
        return dict(named)

    def repeat(self) -> None:
        """Let every button repeat what has no answer, as their firmware does."""
        for button in self.buttons:
            button.repeat_unconfirmed()

    def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until every press is answered and at the precinct, then hold the two accounts against each other."""
        eventually(
            lambda: self.pressed <= self.confirmed().keys(),
            lambda: f"no answer to {sorted(self.pressed - self.confirmed().keys())}\n{self.town.logs()}",
            patience_s=patience_s,
            meanwhile=self.repeat,
        )
        officer = self.town.officer
        eventually(
            lambda: self.pressed <= homes(officer).keys() and not miscounted(officer),
            lambda: (
                f"not at the precinct: {sorted(self.pressed - homes(officer).keys())}, {miscounted(officer)}\n{self.town.logs()}"
            ),
            patience_s=patience_s,
        )
        self.check()

    def check(self) -> None:
        """What is confirmed is there, in the one incident that was named; nothing is twice; nothing is invented."""
        found = homes(self.town.officer)
        for press, named in self.confirmed().items():
            assert found.get(press) == named, f"{press}: confirmed in {named}, at the precinct in {found.get(press)}"
            assert len(named) == 1
        assert found.keys() <= self.pressed, f"nobody pressed {found.keys() - self.pressed}"
        assert all(len(incidents) == 1 for incidents in found.values()), found


def homes(officer: Officer) -> dict[Press, set[str]]:
    """Return in which incidents each press stands as evidence; fails on one that stands twice."""
    found: dict[Press, set[str]] = defaultdict(set)
    for incident in _told(officer):
        rows = [row for row in incident.get("evidence", ()) if row["kind"] == "panic.press"]
        for row in rows:
            press = (row["device"], row["boot"], row["seq"])
            assert incident["id"] not in found[press], f"{press} stands twice in {incident['id']}"
            found[press].add(incident["id"])
    return dict(found)


def miscounted(officer: Officer) -> list[Answer]:
    """Return the incidents of presses whose count is not the number of distinct events that were told."""
    return [told for told in _told(officer) if told["incident"] == "panic" and told["count"] != len(told["evidence"])]


def _told(officer: Officer) -> list[Answer]:
    return [told for found in officer.incidents() if (told := officer.incident(found["id"]))]


def conflicts(officer: Officer) -> int:
    """Return how many revisions came with two contents."""
    return sum(int(incident.get("conflicts") or 0) for incident in _told(officer))
