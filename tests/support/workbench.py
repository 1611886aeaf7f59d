"""A technician's workbench: the files of one post in a folder, and what looks after its rules, without its threads."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import Refusal
from dispatcher.post import config
from dispatcher.post.inbox import Announcement, Reloaded
from dispatcher.post.reloading import Around, Reloading
from dispatcher.post.rulebook import Edition, Rulebook
from dispatcher.settings.station import PostSettings, load_post
from dispatcher.telemetry.http import Health, Server
from dispatcher.telemetry.log import get
from dispatcher.telemetry.metrics import PostMetrics
from tests.unit.post.desk import Desk, HandClock

SITE = """\
timezone: Asia/Jakarta
precinct: {id: polsek-tambora}
kelurahan: [{id: krendang, code: "31.73.04.1005", name: Krendang}]
posts: [{id: pos-03, name: Pos 03 Krendang, kelurahan: krendang, lat: -6.15, lon: 106.8}]
devices:
- {id: btn-1, profile: kentongan, role: panic_button, post: pos-03, zone: meja}
- {id: pir-1, profile: kentongan, role: motion, post: pos-03, zone: parkir}
- {id: smoke-1, profile: kentongan, role: smoke, post: pos-03, zone: meja}
"""
SMOKE = """\
- id: asap
  when: {event: smoke}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap di {zone}"}
"""
CROWD = """\
- id: ramai
  when: {count: {event: motion, at_least: 3}, within: 10m}
  then: {escalate: precinct, incident: ramai, severity: medium, message: "Ramai"}
"""
WRONG = """\
- id: salah
  when: {event: smok}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "?"}
"""

TEST = """\
site: ../site.yaml
rules: [a.yaml]
tests:
- name: asap
  start: 2026-11-24T21:00:00+07:00
  steps: [{at: 0s, event: smoke, device: smoke-1}]
  expect: [{at: 0s, alert: asap, severity: high}]
"""


def write_post(folder: Path, **changes: Any) -> Path:
    """Write post.yaml, site.yaml and an empty folder of rules; return the path of post.yaml."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    body = {
        "post": "pos-03",
        "data_dir": "data",
        "site": "site.yaml",
        "rules": ["rules"],
        "broker": {"host": "127.0.0.1"},
        "precinct": {"id": "polsek-tambora", "broker": {"host": "127.0.0.1"}},
        "http": {"listen": "127.0.0.1:0"},
        "clock": {"trust": "always"},
        "matcher": "python",
        **changes,
    }
    path = folder / "post.yaml"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def write_rules(folder: Path, text: str, name: str = "a.yaml") -> Path:
    """Write a rule file with these rules."""
    path = folder / "rules" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version: 1\nrules:\n" + text, encoding="utf-8")
    return path


class Lived(Desk):
    """A post that has run in a folder with the files of ``write_post``, in the last six minutes; ``close`` lets others read it."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_post(folder / "post.yaml")
        self.loaded = config.load(self.settings)
        clock = HandClock(wall_ms=time.time_ns() // 1_000_000 - 360_000)
        absence = {"site": self.loaded.site_version}
        super().__init__(self.settings.data_dir, self.loaded.rules, clock=clock, absence=absence)

    def _rulebook(self) -> Rulebook:
        return config.rulebook(self.settings, self.loaded)

    def see(self, count: int, *, every_s: int = 60, kind: str = "motion", device: str = "pir-1") -> None:
        """Let so many events come."""
        for _ in range(count):
            self._seq = getattr(self, "_seq", 0) + 1
            self.sensor(self._seq, device, kind)
            self.turns(2, 500)
            self.turn(every_s * 1_000)

    def close(self) -> None:
        """End, so that commands find the post away."""
        self.turns(3)
        self.journal.sync()
        self.journal.close()


@dataclass
class Bench:
    """A post's reloading with what it says; the rules' thread and the pipeline answer at once, or not at all."""

    folder: Path
    refusals: tuple[Refusal, ...] = ()
    deaf: bool = False
    told: list[Announcement] = field(default_factory=list)
    swapped: list[Edition] = field(default_factory=list)
    wall_ms: int = 1_796_000_000_000

    def start(self, *, safe_mode: bool = False, refused: int = 0) -> Bench:
        """Load the files as a post does at its start."""
        self.settings: PostSettings = load_post(self.folder / "post.yaml")
        self.metrics = PostMetrics()
        loaded = config.load(self.settings, with_rules=not safe_mode)
        around = Around(self, self.told.append, self.stamp, self.metrics, get())
        self.reloading = Reloading(self.settings, loaded, around, safe_mode=safe_mode)
        self.told += self.reloading.started(config.rulebook(self.settings, loaded).edition, refused)
        return self

    def stamp(self) -> Stamp:
        return Stamp(0, self.wall_ms, trusted=True)

    def reload(self, edition: Edition) -> None:
        """Swap, as the rules' thread and the pipeline do between two events."""
        if not self.deaf:
            self.swapped.append(edition)
            self.reloading.done(Reloaded(edition, self.refusals), ())

    def answer(self) -> dict[str, Any]:
        """Return what GET /rules would say, as its reader gets it."""
        answer: dict[str, Any] = json.loads(json.dumps(self.reloading.answer()))
        return answer

    def look(self, minutes: float) -> None:
        """Let the post look at its files so many minutes from now."""
        self.reloading.look(time.monotonic() + 60 * minutes)

    def value(self, name: str) -> float:
        return self.metrics.registry.get_sample_value(name) or 0.0


@contextmanager
def serving(bench: Bench) -> Iterator[Bench]:
    """Let a started bench answer HTTP and SIGHUP as a running post does; the main thread is its main loop."""
    before = signal.signal(signal.SIGHUP, lambda *_: bench.reloading.hang_up())
    healthy = Health(good=True, parts={})
    answers = {"/rules": lambda: dict(bench.reloading.answer())}
    server = Server(bench.settings.http.listen, bench.metrics.registry, lambda: healthy, lambda: healthy, answers)
    server.start()
    try:
        yield bench
    finally:
        server.stop()
        signal.signal(signal.SIGHUP, before)
