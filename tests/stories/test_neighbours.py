"""What no post can know alone: brawls at two posts side by side are one thing at the precinct."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import POST, Kind, make_broker
from tests.support.daemons import Daemon
from tests.support.radio import Radio
from tests.support.town import STORIES, USERS, Answer, Town
from tests.support.waiting import eventually

HERE = STORIES / "neighbours"
RULE = "tawuran-sekitar"


class Neighbours:
    """A town with a second post, which has a broker of its own."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        rules = [HERE / "posts", HERE / "precinct"]
        self.town = Town(folder, kind, site=HERE / "site.yaml", rules=rules, precinct_rules=rules)
        self.officer = self.town.officer
        self.local = make_broker(kind, folder / "second-broker", "post", USERS)
        self.second = self._second()
        self._ends = ExitStack()

    def _second(self) -> Daemon:
        town = self.town
        local = {**town.address(self.local, POST)}
        uplink = town.address(town.uplink, "pos-07")
        precinct = {"id": "polsek-tambora", "broker": uplink}
        return town.make_post("second", post="pos-07", broker=local, precinct=precinct)

    def start(self) -> None:
        """Start everything."""
        self.local.start()
        self._ends.callback(self.local.stop)
        self.town.start()
        self._ends.callback(self.second.kill)
        self.second.start()
        self.town.wait_post(self.second)

    def stop(self) -> None:
        """End everything."""
        self._ends.close()
        self.town.stop()

    def brawl_at_the_first(self, people: int = 40) -> None:
        """Let the motion sensor at pos-03 see a crowd."""
        self.town.radio("pir-1").say("kentongan/pir-1/event", {"kind": "motion", "attrs": {"people": people}})

    def brawl_at_the_second(self) -> None:
        """Let the door at pos-07 be forced."""
        radio = Radio(self.local, "door-1")
        self._ends.callback(radio.close)
        radio.say("kentongan/door-1/event", {"kind": "door.open", "attrs": {"forced": True}})

    def of(self, kind: str) -> list[Answer]:
        """Return the incidents of a kind."""
        return [found for found in self.officer.incidents() if found["incident"] == kind]

    def wait(self, kind: str, count: int) -> list[Answer]:
        """Return the incidents of a kind once there are so many."""
        return eventually(lambda: found if len(found := self.of(kind)) == count else None, self.logs)

    def logs(self) -> str:
        """Return what all of them say, for a complaint."""
        return f"{self.officer.incidents()}\n{self.town.logs()}\n{self.second.tail()}"

    def kill_the_precinct(self) -> None:
        """Kill it as a power cut would, and start it again."""
        self.town.precinct.kill()
        self.town.precinct.start()
        self.town.precinct.wait_ready()


@pytest.fixture
def neighbours(broker_kind: Kind, tmp_path: Path) -> Iterator[Neighbours]:
    """Two posts and their precinct, at work."""
    found = Neighbours(tmp_path, broker_kind)
    try:
        found.start()
        yield found
    finally:
        found.stop()


def test_word_from_the_precincts_desk_and_from_a_post_under_a_watch_sounds_that_posts_siren(
    neighbours: Neighbours,
) -> None:
    town, officer = neighbours.town, neighbours.officer
    officer.post("/watches", {"kind": "tawuran", "kelurahan": "krendang", "by": officer.badge})
    desk = Radio(town.uplink, "siber-1", ["kentongan/siber-1/confirm"])
    siren = town.radio("siren-1", "kentongan/siren-1/command")
    try:
        desk.say("kentongan/siber-1/event", {"kind": "report.ajakan", "boot": 1, "seq": 1, "attrs": {}})
        answer = eventually(lambda: desk.heard("/confirm"), neighbours.logs)[0].body
        assert (answer["seq"], answer["stage"]) == (1, "saved")
        town.radio("pir-1").say("kentongan/pir-1/event", {"kind": "report.kerumunan", "attrs": {"people": 8}})
        (raised,) = neighbours.wait("ajakan", 1)
        assert (raised["post"], raised["title"]) == ("pos-03", "Ajakan terbukti di krendang")
        command = eventually(lambda: siren.heard("/command"), neighbours.logs)[0].body
        assert command["command"] == "siren.on"
    finally:
        desk.close()
    town.wait_metric("kentongan_outbox_depth", lambda depth: depth == 0)


def _alerts(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["kind"], row["device"]) for row in found["evidence"]]


def test_brawls_at_two_posts_side_by_side_are_one_incident_of_the_precinct_over_kills(neighbours: Neighbours) -> None:
    neighbours.brawl_at_the_first()
    neighbours.wait("tawuran", 1)
    neighbours.kill_the_precinct()
    neighbours.brawl_at_the_second()
    neighbours.wait("tawuran", 2)
    (raised,) = neighbours.wait("tawuran-luas", 1)
    assert (raised["rule"], raised["raised_at"], raised["post"]) == (RULE, "precinct", "pos-07")
    assert (raised["severity"], raised["title"]) == ("critical", "Tawuran meluas sampai jembatan-besi")
    told = neighbours.officer.incident(raised["id"])
    assert _alerts(told) == [("alert.tawuran", "pos-03"), ("alert.tawuran", "pos-07")]

    neighbours.kill_the_precinct()
    neighbours.brawl_at_the_first(41)
    neighbours.wait("tawuran", 3)
    done = neighbours.officer.do(raised["id"], "close", disposition="real")
    assert done["state"] == "closed"
    assert [found["id"] for found in neighbours.of("tawuran-luas")] == [raised["id"]]
    assert neighbours.officer.metric(f'kentongan_rule_fired_total{{rule="{RULE}"}}') == 1
