"""What the oracle knows: the site, the clocks, what it keeps for each rule, and what it has told."""

from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.windows_matching import Ev, Matching

Rule = dict[str, Any]
DAY = 86_400
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True)
class Turn:
    """Summer time begins or ends at the instant ``at``: the wall shows so many seconds more before and after it."""

    at: int
    before: int
    after: int


@dataclass
class Part:
    """What the oracle keeps for one ``when`` or ``clear_when``: everything that ever came, and what has been judged."""

    when: dict[str, Any]
    clear: bool
    began: int
    began_wall: int | None
    passed: int | None = None  # hours earlier than this had passed when it came, the clock not being trusted
    events: dict[Any, list[Ev]] = field(default_factory=dict)
    spent: dict[Any, list[tuple[int, int, Any]]] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)
    renewed: dict[str, list[int]] = field(default_factory=dict)
    over: dict[str, set[int]] = field(default_factory=dict)
    waits: list[dict[str, Any]] = field(default_factory=list)
    becoming: list[tuple[int, list[str], bool]] = field(default_factory=list)
    dates: set[int] = field(default_factory=set)
    walls_heard: dict[str, set[int]] = field(default_factory=dict)
    unsure: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Memory:
    """What the oracle keeps for one rule. A shadow's throttles and conditions are kept apart."""

    parts: list[Part]
    throttles: dict[Any, int] = field(default_factory=dict)
    conditions: dict[Any, Any] = field(default_factory=dict)
    incidents: dict[Any, tuple[Any, int]] = field(default_factory=dict)


class Known(Matching):
    def __init__(self, site: dict[str, Any], start: int, weekday: int, turn: Turn | None = None) -> None:
        self.site = site
        self.start = start
        self.weekday = weekday
        self.turn = turn
        self.posts = [post["id"] for post in site["posts"]]
        self.post_kelurahan = {post["id"]: post["kelurahan"] for post in site["posts"]}
        self.devices = {device["id"]: device for device in site["devices"]}
        self.told: list[tuple[Any, ...]] = []
        self.met: set[str] = set()  # what of the text this night was about
        self.now = self.step_s = self.n = 0
        self.trusted = True
        self.wall_seen = start - 1
        self.instants = {0}
        self.lengths: list[int] = []  # that rules name
        self.dues: set[int] = set()  # so long after something, by the running clock
        self.minutes = {late % 60 for late in (0, *site["max_lateness"].values())}
        self.downs: list[tuple[int, int]] = []
        self.unmeasured: tuple[int, int] | None = None  # a power cut whose length no clock has told yet
        self.cuts: dict[Any, int] = {}
        self.held: list[tuple[Ev, bool]] = []
        self.ids: set[Any] = set()
        self.unknown: dict[str, int] = {}
        self.watches: dict[tuple[str, Any], Any] = {}
        self.alerts: list[tuple[Ev, bool]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.since: dict[str, dict[str, tuple[int, int | None]]] = {}  # and by which setting of all posts
        self.sets: list[tuple[str, Any, list[str] | None]] = []
        self.setting = 0
        self.memory: dict[str, Memory] = {}
        self.rules: list[Rule] = []
        self.latest: dict[tuple[str, ...], int] = {}  # asked at every second
        self.ever: set[str] = set()  # ids of all rules that there ever were

    # --- clocks

    def wall(self) -> int:
        """The wall clock as an instant: it runs on when summer time begins or ends."""
        return self.start + self.now + self.step_s

    def local(self) -> int:
        """What the clock on the wall shows, in seconds since the midnight before the night."""
        wall = self.wall()
        if self.turn is None:
            return wall
        return wall + (self.turn.before if wall < self.turn.at else self.turn.after)

    def instant(self, local: int) -> int:
        """The first instant at which the clock on the wall shows so much, or has jumped over it."""
        if self.turn is None:
            return local
        early = local - self.turn.before
        return early if early < self.turn.at else max(self.turn.at, local - self.turn.after)

    def _turned(self, local: int) -> str:
        """Whether the clock on the wall shows a time never, or twice."""
        if self.turn is None:
            return ""
        early, late = local - self.turn.before, local - self.turn.after
        if early >= self.turn.at > late:
            return "gap"
        return "fold" if early < self.turn.at <= late else ""

    def run(self, t: int) -> int:
        """A second by the clock that durations run on: a power cut that no clock has measured counts as nothing."""
        if self.unmeasured is None or t < self.unmeasured[1]:
            return t
        return t - self.unmeasured[1] + self.unmeasured[0]

    def back(self, run: int) -> int:
        """The second at which that clock showed so much."""
        if self.unmeasured is None or run <= self.unmeasured[0]:
            return run
        return run + self.unmeasured[1] - self.unmeasured[0]

    def _measure(self, unmeasured: tuple[int, int] | None) -> None:
        """A cut's length is not known, or is known now."""
        if self.unmeasured is not None and unmeasured is None:
            self.met.add("an unmeasured cut corrected")
        self.unmeasured = unmeasured
        self._foresee()

    def _note(self, t: int) -> None:
        """Something happened at this second: named durations after it something may be due."""
        self.instants.add(t)
        self.dues.update(self.run(t) + length for length in self.lengths)

    def _foresee(self) -> None:
        self.dues = {self.run(t) + length for t in self.instants for length in self.lengths}

    def rule(self, id_: str) -> Rule:
        return next(rule for rule in self.rules if rule["id"] == id_)

    def lateness(self, kind: str) -> int:
        allowed: dict[str, int] = self.site["max_lateness"]
        return max((late for word, late in allowed.items() if self.is_kind(kind, [word])), default=0)

    def _lateness_of(self, clause: dict[str, Any]) -> int:
        kinds = tuple(self.kinds(clause))
        if kinds not in self.latest:
            inside = [late for word, late in self.site["max_lateness"].items() if self.is_kind(word, list(kinds))]
            self.latest[kinds] = int(max([*inside, *(self.lateness(kind) for kind in kinds)]))
        return self.latest[kinds]

    def _precinct(self, rule: Rule) -> bool:
        return rule.get("runs_at") == "precinct" or "neighbours" in rule["when"]

    def _is_cut(self, post: Any) -> bool:
        return any(place in (None, post) and until >= self.now for place, until in self.cuts.items())

    def _down_within(self, begin: int, end: int) -> int | None:
        """The end of the last downtime that overlaps a silence from ``begin`` until the running clock's ``end``."""
        ends = [d1 for d0, d1 in self.downs if self.run(d0) < end and begin < d1 <= self.now]
        return max(ends) if ends else None

    # --- groups and rosters

    def _group(self, rule: Rule, event: Ev) -> Any:
        """The group of an event, or None: it lacks a field, and counts in none."""
        names = rule["when"].get("group_by", [])
        names = names if self._precinct(rule) and "state" not in rule["when"] else ["post", *names]
        values = tuple(event.get(name) for name in names)
        if None in values or ("neighbours" in rule["when"] and event.get("kelurahan") is None):
            self.met.add("lacks a group field")
            return None
        return values

    def _condition_group(self, rule: Rule, event: Ev) -> Any:
        group = self._group(rule, event)
        return group if group is None or "neighbours" not in rule["when"] else (event.get("kelurahan"), group)

    def _roster(self, when: dict[str, Any]) -> list[str]:
        roster = when.get("expect_from")
        if roster is None:
            return []
        if roster == "posts":
            return list(self.posts)
        if roster == "devices":
            return list(self.devices)
        if isinstance(roster, dict):
            return [name for name, device in self.devices.items() if device["role"] == roster["role"]]
        return list(roster)

    def _entries(self, when: dict[str, Any], event: Ev) -> list[str]:
        """The entries of a roster that an event is word from."""
        names = self._roster(when)
        said = [event.get("device") if name in self.devices else event.get("post") for name in names]
        return [name for name, one in zip(names, said, strict=True) if name == one]

    # --- what is told

    def _tell(
        self, sort: str, name: str, event: Ev, count: int | None, late: bool = False, severity: str | None = None
    ) -> None:
        place = [event.get(key) for key in ("post", "device", "zone", "kelurahan")]
        self.told.append((self.now, sort, name, count, *place, late, severity, event))

    def _alert(self, incident: str, severity: str, about: Ev, from_post: bool) -> None:
        place = {"post": about.get("post"), "kelurahan": about.get("kelurahan"), "severity": severity}
        fields = {name: value for name, value in place.items() if value is not None}
        self.alerts.append((Ev(f"alert.{incident}", self.now, self.now, 0, fields), from_post))

    def _wake(self) -> None:
        """Let the precinct's rules see the alerts that have been told."""
        raise NotImplementedError
