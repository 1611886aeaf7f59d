"""A precinct with rules of its own, over neighbouring kelurahan: what the tests of its rules are made of."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.matcher.port import Matcher
from dispatcher.matcher.python import PythonMatcher
from dispatcher.precinct.model import History, Incident
from dispatcher.precinct.rules.ruling import Rules, precinct_engine
from dispatcher.precinct.station import FILE
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text
from dispatcher.wire import event as event_wire
from dispatcher.wire.alert import Alert, AlertEvidence
from dispatcher.wire.event import Forwarded
from dispatcher.wire.fields import iso
from tests.unit.precinct.builders import NOW, PRECINCT, Desk, Hands, panic, press, raw, until

SITE = Site(
    timezone="Asia/Jakarta",
    precinct=PRECINCT,
    kelurahan={
        "krendang": Kelurahan("krendang", "31.73.04.1005", "Krendang", ("angke",)),
        "angke": Kelurahan("angke", "31.73.04.1007", "Angke", ("krendang",)),
        "pekojan": Kelurahan("pekojan", "31.73.04.1009", "Pekojan"),
    },
    posts={
        "pos-03": Post("pos-03", "Pos Krendang Utara", "krendang", -6.1, 106.8),
        "pos-07": Post("pos-07", "Pos Angke Indah", "angke"),
        "pos-09": Post("pos-09", "Pos Pekojan", "pekojan"),
    },
    devices={
        "sirene-03": Device("sirene-03", "kentongan", "siren", "pos-03"),
        "sirene-07": Device("sirene-07", "kentongan", "siren", "pos-07"),
        "siber-1": Device("siber-1", "kentongan", "cyber"),
        "tombol-polsek": Device("tombol-polsek", "kentongan", "panic_button"),
        "zigbee-1": Device("zigbee-1", "zigbee2mqtt", "panic_button"),
        "jam-03": Device("jam-03", "kentongan", "check_in", "pos-03", clock_trusted=True),
    },
)
NEAR = """
- id: tawuran-sekitar
  when: {count: {event: alert.tawuran, at_least: 2}, within: 5m, neighbours: kelurahan}
  then: {escalate: precinct, incident: tawuran-luas, severity: critical, message: "Tawuran meluas di {kelurahan}"}
"""
MARK = """
- id: tanda
  runs_at: precinct
  when: {event: report.tanda}
  then: {escalate: precinct, incident: tanda, severity: info}
"""


def rules_of(text: str, matcher: Matcher | None = None) -> Rules:
    """Return rules that run at the precinct, from the lines of a file."""
    ruleset, faults = parse_ruleset([read_text(f"version: 1\nrules:\n{text}{MARK}", "aturan.yaml")], SITE)
    assert not faults, [fault.render("en") for fault in faults]
    return Rules(precinct_engine(ruleset, SITE), matcher or PythonMatcher())


def brawl(post: str, name: str = "", **changes: object) -> Alert:
    """A rule's incident at a post: a brawl."""
    place = PlaceOfIncident(SITE.posts[post].kelurahan)
    id_ = f"tawuran-{post}{name}"
    seen = AlertEvidence(f"e-{id_}", "report.tawuran", "cam-1", iso(NOW))
    base = panic(1, seen, id=id_, post=post, rule="tawuran", incident="tawuran", place=place, severity=Severity.HIGH)
    return replace(base, **changes)  # type: ignore[arg-type]


def pressed(post: str, *names: str, rev: int = 1) -> Alert:
    """A button's incident at a post with some presses."""
    evidence = [press(name, seq=n) for n, name in enumerate(names)]
    return panic(rev, *evidence, id=f"panik-{post}", post=post, place=PlaceOfIncident(SITE.posts[post].kelurahan))


def report(word: str, id_: str, **changes: object) -> Forwarded:
    """Word that a post passes on."""
    said = Forwarded(id_, f"report.{word}", None, None, None, None, "radio", "authenticated", iso(NOW), "trusted", 0)
    return replace(said, **changes)  # type: ignore[arg-type]


def _copy(found: Path, left: Path) -> None:
    """Copy what is committed, and let the copy pass for the file itself: it is no backup that was put back."""
    with closing(sqlite3.connect(found)) as source, closing(sqlite3.connect(left)) as copy, copy:
        source.backup(copy)
        copy.execute("UPDATE meta SET value = ? WHERE key = 'inode'", (str(left.stat().st_ino),))


class Ruled(Desk):
    """A precinct with rules, started."""

    def __init__(self, folder: Path, text: str, hands: Hands | None = None, matcher: Matcher | None = None) -> None:
        super().__init__(folder, SITE, rules_of(text, matcher), hands)
        self.folder = folder
        self._marks = 0
        self.station.start()
        self.station.broker(up=True)

    def say(self, said: Forwarded, post: str = "pos-03") -> None:
        """Let a post pass an event on."""
        self.hear(raw("event", event_wire.encode(said), post))

    def wake(self) -> None:
        """Let the station look at its clock."""
        self.hear(raw("status", b"{}"))

    def settle(self) -> None:
        """Return once everything that was said so far has been judged and kept: a mark said now stands behind it."""
        self._marks += 1
        wanted = len(self.of("tanda")) + 1
        self.say(report("tanda", f"tanda-{self.station.store.id}-{self.hands.run}-{self._marks}"))
        until(lambda: len(self.of("tanda")) == wanted)

    def of(self, rule: str) -> list[Incident]:
        """Return the incidents of a rule."""
        return [found for found in self.station.store.reading.incidents(500) if found.rule == rule]

    def one(self, rule: str) -> Incident:
        """Return the one incident of a rule, once it is there."""
        until(lambda: self.of(rule))
        (found,) = self.of(rule)
        return found

    def history(self, rule: str) -> History:
        """Return everything about the one incident of a rule."""
        found = self.station.store.reading.history(self.one(rule).id)
        assert found is not None
        return found

    def counter(self, name: str, label: str) -> int:
        """Return a counter."""
        return self.station.store.reading.counters().get((name, label), 0)

    def killed(self, where: Path, text: str, off_s: float = 0) -> "Ruled":
        """Return the precinct as it is after a kill at this moment: from what is on the disk, and nothing else."""
        where.mkdir()
        _copy(self.folder / FILE, where / FILE)
        hands = Hands(self.hands.wall + int(off_s * 1000), 7)  # another boot: the running clock begins anew
        return Ruled(where, text, hands)
