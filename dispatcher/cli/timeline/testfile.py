"""``*.test.yaml`` to cases. Every fault of the file comes out of one run."""

import re
from collections.abc import Callable
from datetime import datetime, tzinfo

from dispatcher.cli.timeline.model import SORTS, Case, Expected, Step, TestFile
from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.faults import Text
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence, plain
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.kinds import UNKNOWN_KIND
from dispatcher.rules.parse_time import MAX_DURATION_MS
from dispatcher.rules.reader import Reader
from dispatcher.rules.where import is_slip

FILE_KEYS = frozenset({"version", "site", "rules", "tests"})
CASE_KEYS = frozenset({"name", "start", "given", "steps", "expect", "strict", "notes"})
GIVEN_KEYS = frozenset({"state"})
WATCH_KEYS = frozenset({"kind", "kelurahan", "until"})
FAULT_STEPS = (
    "power_cut", "restart", "clock_step", "clock_untrusted", "duplicate", "reload", "advance", "set_state", "watch",
    "broker_down",
)  # fmt: skip
_BESIDE = frozenset({"at", "post"})
FIRST_START, LAST_START = 86_400_000, 7_258_118_400_000  # 1970-01-02 and 2200-01-01: beyond, calendars are guesses
LAST_MOMENT = 2 * 10**14  # the year 8307: no calendar here goes far beyond
DEFAULT_START = 1_767_200_400_000  # 2026-01-01 00:00 in Jakarta: a test without a start is about no date
_SIGNED = re.compile(r"([+-]?)(.+)")

ONE_ACTION = Text("satu langkah berisi satu dari: event, {choices}", "a step has one of: event, {choices}")
ONE_SORT = Text("satu baris expect berisi satu dari: {choices}", "a line of expect has one of: {choices}")
NEEDS_AT = Text("langkah ini perlu at: berapa lama sesudah start", "this step needs at: how long after start")
BAD_TIME = Text(
    "tulis lama waktu sesudah start (70s), atau tanggal dan jam", "a duration after start (70s), or a date and time"
)
TOO_FAR = Text("tes ini keluar dari kalender", "this test leaves the calendar")
A_START = "2026-11-24T00:58:00+07:00"
BAD_START = Text(
    f"start ditulis tanggal dan jam, misalnya {A_START}", f"start is a date and time, for example {A_START}"
)
MAX_DUPLICATES = 100_000
SCALARS = Text("nilai {key} harus kata, angka atau true/false", "{key} must be a word, a number or true/false")


def parse_tests(node: Node, zone: tzinfo) -> TestFile:
    """Return the file's tests, with all its faults. ``zone`` is the site's timezone."""
    reader = Reader()
    body = reader.mapping(node, FILE_KEYS, ("tests",))
    if body is None:
        return TestFile((), (), tuple(reader.faults))
    cases = tuple(_case(item, zone) for item in _listed(reader, body.get("tests"), "list of tests"))
    rules = _rules(reader, body.get("rules"))
    return TestFile(rules, cases, tuple(reader.faults))


def _rules(reader: Reader, node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    for item in items:
        if not isinstance(item, Mapping):
            reader.word(item)
    return items


def _listed(reader: Reader, node: Node | None, what: str) -> tuple[Node, ...]:
    if node is None or (isinstance(node, Leaf) and node.value is None):
        return ()
    if not isinstance(node, Sequence):
        reader.expected(node, what)
        return ()
    return node.items


def _case(node: Node, zone: tzinfo) -> Case:
    reader = Reader()
    body = reader.mapping(node, CASE_KEYS)
    if body is None:
        return Case("?", DEFAULT_START, (), (), place=node.place, faults=tuple(reader.faults))
    start = _start(reader, body.get("start"), zone)
    steps: list[Step] = []
    for item in _listed(reader, body.get("steps"), "list of steps"):
        step = _step(reader, item, start, zone, steps[-1].end if steps else None)
        if step is not None:
            steps.append(step)
    _check_calendar(reader, body, start, steps)
    expect = [_expected(reader, item) for item in _listed(reader, body.get("expect"), "list of entries")]
    return Case(
        name=str(getattr(body.get("name"), "value", None) or "?"),
        start=start,
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        expect=tuple(one for one in expect if one is not None),
        given=_given(reader, body.get("given")),
        strict=reader.boolean(body.get("strict"), False),
        place=body.place,
        faults=tuple(reader.faults),
    )


def _check_calendar(reader: Reader, body: Mapping, start: int, steps: list[Step]) -> None:
    """Note a fault where the clock would be set to a time that no calendar has."""
    jumps = sum(abs(step.value) for step in steps if step.action == "clock_step" and isinstance(step.value, int))
    end = max((step.end for step in steps), default=0)
    if start - jumps < 0 or start + end + jumps > LAST_MOMENT:
        reader.fault(body.place, "bad-time", TOO_FAR)


def _start(reader: Reader, node: Node | None, zone: tzinfo) -> int:
    if node is None:
        return DEFAULT_START
    moment = _moment(node, zone)
    if moment is None or not FIRST_START <= moment <= LAST_START:
        reader.fault(node.place, "bad-start", BAD_START)
        return DEFAULT_START
    return moment


def _moment(node: Node, zone: tzinfo) -> int | None:
    """Return a date and time as Unix milliseconds; one without an offset is local to the site."""
    value = node.value if isinstance(node, Leaf) else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _given(reader: Reader, node: Node | None) -> dict[str, object]:
    body = None if node is None else reader.mapping(node, GIVEN_KEYS)
    states = body.get("state") if body is not None else None
    if states is None:
        return {}
    return _states(reader, states)


def _states(reader: Reader, node: Node) -> dict[str, object]:
    if not isinstance(node, Mapping):
        reader.expected(node, "{state: value} / {state: {post: value}}")
        return {}
    return {entry.key: _state_value(reader, entry.key, entry.value) for entry in node.entries}


def _state_value(reader: Reader, key: str, node: Node) -> object:
    nodes = [entry.value for entry in node.entries] if isinstance(node, Mapping) else [node]
    for one in nodes:
        if not isinstance(one, Leaf) or one.value is None:
            reader.fault(one.place, "wrong-type", SCALARS, key=key)
            return {}
    return plain(node)


# --- steps -----------------------------------------------------------------------------------------------------------


def _step(reader: Reader, node: Node, start: int, zone: tzinfo, before: int | None) -> Step | None:
    if not isinstance(node, Mapping):
        reader.expected(node, "mapping (key: value)")
        return None
    actions = [entry.key for entry in node.entries if entry.key == "event" or entry.key in FAULT_STEPS]
    if "event" in actions:
        actions = ["event"]  # every other key of an event is an attribute
    if len(actions) == 2 and "clock_untrusted" in actions and {"power_cut", "restart"} & set(actions):
        actions.remove("clock_untrusted")
    if len(actions) != 1:
        reader.fault(node.place, "step", ONE_ACTION, choices=", ".join(FAULT_STEPS))
        return None
    at = _at(reader, node, before)
    return None if at is None else _STEPS[actions[0]](reader, node, at, start, zone)


def _at(reader: Reader, node: Mapping, before: int | None) -> int | None:
    at = node.get("at")
    if at is None:
        if before is None:
            before = 0 if node.get("advance") is not None else None
        if before is None:
            reader.fault(node.place, "missing-key", NEEDS_AT)
        return before
    return _length(reader, at)


def _length(reader: Reader, node: Node | None) -> int | None:
    value = node.value if isinstance(node, Leaf) else None
    length = parse_duration(value) if isinstance(value, str) else 0 if value == 0 and value is not False else None
    if node is not None and (length is None or length > MAX_DURATION_MS):
        reader.fault(node.place, "bad-duration", BAD_TIME)
        return None
    return length


def _event(reader: Reader, node: Mapping, at: int, start: int, zone: tzinfo) -> Step | None:
    kind = reader.word(node.get("event"))
    if kind is None:
        return None
    nearest = next((name for name in sorted(KINDS) if is_slip(kind, name)), None)
    if nearest is not None and kind not in KINDS:
        reader.unknown(node.place_of("event"), "unknown-kind", UNKNOWN_KIND, kind, KINDS)
    more: dict[str, object] = {}
    for entry in node.entries:
        if entry.key == "happened":
            more["happened"] = _offset(reader, entry.value, start, zone)
        elif entry.key not in ("at", "event"):
            if not isinstance(entry.value, Leaf):
                reader.fault(entry.place, "wrong-type", SCALARS, key=entry.key)
            elif entry.value.value is not None:
                more[entry.key] = entry.value.value
    return Step(at, "event", kind, node.place, more, at)


def _offset(reader: Reader, node: Node, start: int, zone: tzinfo) -> int:
    """Return an offset from the start: a duration (also a negative one), or a date and time."""
    signed = _signed(node)
    if signed is not None:
        return signed
    moment = _moment(node, zone)
    if moment is None:
        reader.fault(node.place, "bad-time", BAD_TIME)
        return 0
    return moment - start


def _signed(node: Node | None) -> int | None:
    value = node.value if isinstance(node, Leaf) else None
    match = _SIGNED.fullmatch(value) if isinstance(value, str) else None
    length = parse_duration(match[2]) if match is not None else None
    if match is None or length is None:
        return None
    return -length if match[1] == "-" else length


def _off(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    action = "power_cut" if node.get("power_cut") is not None else "restart"
    _only(reader, node, action, "clock_untrusted")
    length = _length(reader, node.get(action))
    untrusted = node.get("clock_untrusted")
    flag = None if untrusted is None else reader.boolean(untrusted, False)
    return None if length is None else Step(at, action, length, node.place, end=at + length, untrusted=flag)


def _lasting(action: str) -> Callable[..., Step | None]:
    def parse(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
        _only(reader, node, action)
        length = _length(reader, node.get(action))
        post = reader.word(node.get("post"))
        more = {} if post is None else {"post": post}
        return None if length is None else Step(at, action, length, node.place, more, at + length)

    return parse


def _clock_step(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    _only(reader, node, "clock_step")
    by = _signed(node.get("clock_step"))
    if by is None:
        reader.fault(node.place_of("clock_step"), "bad-duration", BAD_TIME)
        return None
    return Step(at, "clock_step", by, node.place, end=at)


def _untrusted(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    _only(reader, node, "clock_untrusted")
    return Step(at, "clock_untrusted", reader.boolean(node.get("clock_untrusted"), True), node.place, end=at)


def _duplicate(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    _only(reader, node, "duplicate")
    value = getattr(node.get("duplicate"), "value", None)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_DUPLICATES:
        reader.expected(node.get("duplicate") or node, f"0..{MAX_DUPLICATES}")
        return None
    return Step(at, "duplicate", value, node.place, end=at)


def _reload(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    _only(reader, node, "reload")
    named = node.get("reload")
    items = named.items if isinstance(named, Sequence) else (named,)
    return Step(at, "reload", tuple(items), node.place, end=at)


def _set_state(reader: Reader, node: Mapping, at: int, _start: int, _zone: tzinfo) -> Step | None:
    _only(reader, node, "set_state")
    return Step(at, "set_state", _states(reader, node.get("set_state") or node), node.place, end=at)


def _watch(reader: Reader, node: Mapping, at: int, start: int, zone: tzinfo) -> Step | None:
    _only(reader, node, "watch")
    body = reader.mapping(node.get("watch") or node, WATCH_KEYS, ("kind",))
    kind = reader.word(body.get("kind")) if body is not None else None
    if body is None or kind is None:
        return None
    until = body.get("until")
    places = reader.words(body.get("kelurahan"))
    end = None if until is None else _offset(reader, until, start, zone)
    return Step(at, "watch", (kind, places or (None,), end), node.place, end=at)


def _only(reader: Reader, node: Mapping, action: str, but: str = "at") -> None:
    reader.mapping(node, _BESIDE | {action, but})


_STEPS: dict[str, Callable[[Reader, Mapping, int, int, tzinfo], Step | None]] = {
    "event": _event,
    "power_cut": _off,
    "restart": _off,
    "clock_step": _clock_step,
    "clock_untrusted": _untrusted,
    "duplicate": _duplicate,
    "reload": _reload,
    "advance": _lasting("advance"),
    "broker_down": _lasting("broker_down"),
    "set_state": _set_state,
    "watch": _watch,
}


# --- expect ----------------------------------------------------------------------------------------------------------


def _expected(reader: Reader, node: Node) -> Expected | None:
    if not isinstance(node, Mapping):
        reader.expected(node, "mapping (key: value)")
        return None
    sorts = [entry.key for entry in node.entries if entry.key in SORTS]
    at = _length(reader, node.get("at"))
    if len(sorts) != 1 or node.get("at") is None:
        reader.fault(node.place, "expect", ONE_SORT, choices=", ".join(SORTS))
        return None
    name = reader.word(node.get(sorts[0]))
    if name is None or at is None:
        return None
    fields = {entry.key: plain(entry.value) for entry in node.entries if entry.key not in ("at", sorts[0])}
    return Expected(at, sorts[0], name, fields, node.place)
