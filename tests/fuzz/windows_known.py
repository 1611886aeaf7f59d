"""What the oracle knows: the site, the clocks, what it keeps for each rule, and what it has told."""

from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.windows_matching import Ev, Matching

Rule = dict[str, Any]
DAY = 86_400
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


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
    def __init__(self, site: dict[str, Any], start: int, weekday: int) -> None:
        self.site = site
        self.start = start
        self.weekday = weekday
        self.posts = [post["id"] for post in site["posts"]]
        self.post_kelurahan = {post["id"]: post["kelurahan"] for post in site["posts"]}
        self.devices = {device["id"]: device for device in site["devices"]}
        self.told: list[tuple[Any, ...]] = []
        self.met: set[str] = set()  # what of the text this night was about
        self.now = self.step_s = self.n = 0
        self.trusted = True
        self.wall_seen = start - 1
        self.instants = {0}
        self.downs: list[tuple[int, int]] = []
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

    def wall(self) -> int:
        return self.start + self.now + self.step_s

    def rule(self, id_: str) -> Rule:
        return next(rule for rule in self.rules if rule["id"] == id_)

    def lateness(self, kind: str) -> int:
        return int(self.site["max_lateness"].get(kind, 0))

    def _lateness_of(self, clause: dict[str, Any]) -> int:
        kinds = self.kinds(clause)
        allowed = self.site["max_lateness"].items()
        return max((late for kind, late in allowed if self.is_kind(kind, kinds)), default=0)

    def _precinct(self, rule: Rule) -> bool:
        return rule.get("runs_at") == "precinct" or "neighbours" in rule["when"]

    def _is_cut(self, post: Any) -> bool:
        return any(place in (None, post) and until >= self.now for place, until in self.cuts.items())

    def _down_within(self, begin: int, end: int) -> int | None:
        """The end of the last downtime that overlaps (begin, end], or None."""
        ends = [d1 for d0, d1 in self.downs if d0 < end and begin < d1 <= self.now]
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
