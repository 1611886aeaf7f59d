"""A post without sockets and threads: the real pipeline, memory and journal, a clock moved by hand, and two wires."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dispatcher.devices import Normaliser, Profiles
from dispatcher.domain.events import Event, Lane, RawMessage
from dispatcher.domain.incident import Receipt, Stage
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import Context
from dispatcher.journal import Journal
from dispatcher.matcher.port import MatcherState, State
from dispatcher.matcher.python import PythonMatcher
from dispatcher.mqtt import Delivery, Token
from dispatcher.post.clock import Last
from dispatcher.post.gauges import Gauges
from dispatcher.post.inbox import Batch, Connected, Inbox, Notice, Sent, Verdicts
from dispatcher.post.intake import Intake
from dispatcher.post.journaling import Keeper, Retention
from dispatcher.post.memory import Memory
from dispatcher.post.outputs import Outputs
from dispatcher.post.pipeline import Parts, Pipeline
from dispatcher.post.ports import Saver
from dispatcher.post.recovery import recover, starting
from dispatcher.post.report import Report
from dispatcher.post.rulebook import Rulebook, edition
from dispatcher.post.rulework import matches_of
from dispatcher.post.upstream import Upstream
from dispatcher.relay import Schedule
from dispatcher.rules.language import FullRuleSet
from dispatcher.rules.model import Clause
from dispatcher.telemetry.log import get
from dispatcher.telemetry.metrics import PostMetrics
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire.status import Status
from tests.unit.incidents.town import SITE

GIB = 2**30


@dataclass
class HandClock:
    """A clock that is moved by hand; ``boot`` changes with a power cut."""

    run_ms: int = 0
    wall_ms: int = 1_796_000_000_000
    trusted: bool = True
    boot: str = "0" * 32

    def stamp(self) -> Stamp:
        return Stamp(self.run_ms, self.wall_ms, self.trusted)

    def last(self) -> Last:
        return Last(self.stamp(), self.boot, self.run_ms * 1_000_000)

    def wait(self, milliseconds: int) -> None:
        self.run_ms += milliseconds
        self.wall_ms += milliseconds


@dataclass
class Wire:
    """A broker as an output: what was published, in order. ``up`` says whether it takes anything with a tag."""

    said: list[tuple[str, Any]] = field(default_factory=list)
    tags: list[object] = field(default_factory=list)
    up: bool = True

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, tag: object = None) -> bool:
        if tag is not None and not self.up:
            return False
        self.said.append((topic, json.loads(payload)))
        if tag is not None:
            self.tags.append(tag)
        return True

    def on(self, suffix: str) -> list[Any]:
        return [body for topic, body in self.said if topic.endswith(suffix)]


class Rules:
    """The rules on the caller's own thread, with the Python twin."""

    is_behind = False

    def __init__(self, clauses: Mapping[str, Clause], say: Callable[[Notice], None]) -> None:
        self._say = say
        self._matcher = PythonMatcher()
        self.load(clauses)
        self.deaf = False

    def load(self, clauses: Mapping[str, Clause]) -> None:
        self._matcher.load(clauses)

    def submit(self, sequence: int, events: tuple[Event, ...]) -> None:
        if self.deaf:
            return
        self._say(Verdicts((sequence,), matches_of([(sequence, events)], self._matcher.match(events))))


class Desk:
    """One post in a folder. ``turn`` runs what waits; ``reopen`` is a restart from what the journal holds."""

    SEGMENT = 65_536  # bytes; a real post's are larger

    def __init__(
        self,
        folder: Path,
        rules: FullRuleSet | None = None,
        journal: Saver | None = None,
        clock: HandClock | None = None,
        kept: tuple[FullRuleSet, ...] = (),
        absence: Mapping[str, object] | None = None,
        site: Site = SITE,
    ) -> None:
        self.folder = folder
        self.site = site
        self.rules_list = FullRuleSet() if rules is None else rules
        self.kept = kept
        self.absence = absence or {}
        self.clock = clock or HandClock()
        self.local, self.up = Wire(), Wire()
        self.acked: list[Token] = []
        self.metrics = PostMetrics()
        self.free = GIB
        self.true_wall_ms = 0  # what a time service would say, where a story needs one
        self.notices: list[Notice] = []
        self._mid = 0
        self.serve: Callable[[Stamp], bool] = lambda _now: False
        self._waiting: dict[str, list[Delivery]] = {"panic": [], "rest": [], "receipt": []}
        self._start(journal or self._open())

    def _open(self) -> Journal:
        return Journal.open(
            self.folder / "journal",
            segment_bytes=self.SEGMENT,
            reserve_bytes=self.SEGMENT,
            boot=self.clock.boot,
            mono=lambda: self.clock.run_ms * 1_000_000,
        )

    def _rulebook(self) -> Rulebook:
        known = str(self.absence.get("site", ""))  # what the START record will name
        kept = {(rules.version, known): edition(rules, self.site, "pos-03", known) for rules in self.kept}
        return Rulebook(edition(self.rules_list, self.site, "pos-03", known), kept.get)

    def _start(self, journal: Any) -> None:
        context = Context("pos-03", self.site)
        self.journal = journal
        self.memory: Memory = recover(journal, context, self._rulebook()).memory
        body = {"rules": self.rules_list.version, "site": "", **self.absence}
        journal.append(starting(self.memory, body, self.clock.stamp()), urgent=True)
        normaliser = Normaliser(Profiles({}), self.site, "pos-03")
        self.rules = Rules(self.memory.rulebook.using.questions, self.notices.append)
        self.keeper = Keeper(
            self.clock, journal, self.memory, Retention(30 * 86_400_000, 2 * GIB, 2**20), lambda: self.free
        )
        self.inbox = Inbox()
        self.intake = Intake(self.memory, normaliser, "instance")
        self.pipeline = Pipeline(
            Parts(
                clock=self.clock,
                journal=journal,
                keeper=self.keeper,
                memory=self.memory,
                inbox=self.inbox,
                intake=self.intake,
                rules=self.rules,
                outputs=Outputs(self.local, Profiles({}), self.site, "pos-03"),
                upstream=Upstream(self.up, "polsek-tambora", "pos-03", Schedule(500, 30_000)),
                report=Report(self.metrics, get()),
                gauges=Gauges(self.metrics, self.memory, journal, self.keeper, lambda: MatcherState(State.TWIN)),
                acknowledge=self.acked.extend,
                status=lambda: Status("online", "instance", "0", "r", "trusted"),
                instance="instance",
                serve=self._serve,
            )
        )

    def _serve(self, now: Stamp) -> bool:
        return self.serve(now)

    # --- what comes in

    def message(self, topic: str, payload: bytes, *, lane: str = "panic", **flags: Any) -> Token:
        """Let a message arrive; it is worked on in the next turn."""
        self._mid += 1
        token = Token(lane, 1, self._mid, 1)
        raw = RawMessage(
            Lane(lane if lane != "receipt" else "precinct"),
            topic,
            payload,
            flags.get("qos", 1),
            flags.get("retain", False),
            flags.get("dup", False),
            self.clock.stamp(),
            flags.get("mid", 0),
        )
        self._waiting[lane].append(Delivery(raw, token))
        return token

    def press(self, seq: int = 1, device: str = "btn-1", boot: int = 1, kind: str = "panic.press") -> Token:
        """Press a button of our own convention."""
        body = {"kind": kind, "boot": boot, "seq": seq, "attrs": {}}
        return self.message(f"kentongan/{device}/event", json.dumps(body).encode())

    def sensor(self, seq: int = 1, device: str = "pir-1", kind: str = "motion") -> Token:
        """Let a sensor speak on the rest lane."""
        body = {"kind": kind, "boot": 1, "seq": seq}
        return self.message(f"kentongan/{device}/event", json.dumps(body).encode(), lane="rest")

    def say(
        self, seq: int, device: str, kind: str, attrs: Mapping[str, object], happened_ms: int | None = None
    ) -> Token:
        """Let any device say anything, at ``happened_ms`` by its own clock if it has one."""
        body: dict[str, object] = {"kind": kind, "boot": 1, "seq": seq, "attrs": attrs}
        if happened_ms is not None:
            body["happened"] = datetime.fromtimestamp(happened_ms / 1000, UTC).isoformat()
        lane = "panic" if kind.startswith("panic.") else "rest"
        return self.message(f"kentongan/{device}/event", json.dumps(body).encode(), lane=lane)

    def receipt(self, incident: str, rev: int, stage: Stage, by: str | None = None) -> Token:
        """Let the precinct answer."""
        return self.message("r", receipt_wire.encode(Receipt(incident, rev, stage, by, store="s")), lane="receipt")

    def broker_takes(self) -> None:
        """Let the precinct's broker acknowledge what was sent."""
        tags, self.up.tags[:] = list(self.up.tags), []
        self.notices += [Sent(*tag) for tag in tags if isinstance(tag, tuple)]

    def connect(self) -> None:
        """Let the link to the precinct come up."""
        self.up.up = True
        self.notices.append(Connected())

    # --- time and turns

    def turn(self, wait: int = 0) -> None:
        """Let time pass and do one turn with all that waits."""
        self.clock.wait(wait)
        notices, self.notices[:] = tuple(self.notices), []
        waiting = {lane: tuple(queue) for lane, queue in self._waiting.items()}
        for queue in self._waiting.values():
            queue.clear()
        self.pipeline.turn(Batch(waiting["panic"], notices, waiting["receipt"], waiting["rest"]))

    def turns(self, count: int, wait: int = 100) -> None:
        """Do several turns."""
        for _ in range(count):
            self.turn(wait)

    def reopen(self, rules: FullRuleSet | None = None, absence: Mapping[str, object] | None = None) -> "Desk":
        """Die without a word and start again from the folder, with other ``rules`` if there are any.

        ``absence`` is what the START record says of the time between.
        """
        self.journal.abandon()
        kept = (*self.kept, self.rules_list)
        fresh = type(self)(
            self.folder,
            self.rules_list if rules is None else rules,
            clock=self.clock,
            kept=kept,
            absence=absence,
            site=self.site,
        )
        fresh._mid = self._mid
        return fresh

    # --- what came out

    @property
    def alerts(self) -> list[Any]:
        """Return the alerts sent so far."""
        return self.up.on("/alert")

    def confirms(self, device: str = "btn-1") -> list[tuple[int, str]]:
        """Return (seq, stage) of each confirmation to a device."""
        return [(body["seq"], body["stage"]) for body in self.local.on(f"{device}/confirm")]

    def value(self, name: str, **labels: str) -> float:
        """Return a metric."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
