"""``when`` and ``clear_when``: exactly one form, and beside it what that form needs."""

from collections.abc import Callable

from dispatcher.domain.faults import Text
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.language import (
    AbsentForm,
    After,
    AllForm,
    AnyForm,
    CountForm,
    EventForm,
    Form,
    Roster,
    ScheduleForm,
    SequenceForm,
    StateForm,
    Step,
    Unless,
    When,
)
from dispatcher.rules.model import Clause
from dispatcher.rules.parse_clause import (
    STEP_KEYS,
    alias_of,
    clause_list,
    clause_of,
    count_of,
    only_entry,
    plain_clause,
    step_list,
    step_of,
)
from dispatcher.rules.parse_time import days_of, duration_of, span_of, time_of
from dispatcher.rules.reader import Reader, describe
from dispatcher.rules.where import check_field, check_name

FORMS = ("event", "count", "all", "any", "sequence", "absent", "state", "schedule")
_GROUPS = frozenset({"group_by", "neighbours", "reuse"})
BESIDE = {
    "event": _GROUPS | {"where"},
    "any": _GROUPS,
    "count": _GROUPS | {"within"},
    "all": _GROUPS | {"within"},
    "sequence": _GROUPS | {"within"},
    "absent": frozenset({"for", "between", "after", "within", "expect_from", "group_by", "reuse"}),
    "state": frozenset({"for", "group_by"}),
    "schedule": frozenset[str](),
}
SCHEDULE_KEYS = frozenset({"at", "days"})
AFTER_KEYS = STEP_KEYS | {"sequence", "count", "within"}
WINDOWED = ("count", "all", "sequence")
WHEN_KEYS = frozenset(FORMS).union(*BESIDE.values())

MISSING_FORM = Text("when perlu salah satu dari: {choices}", "when needs one of: {choices}")
TWO_FORMS = Text("hanya satu dari {choices}; {key} berlebih", "only one of {choices}; {key} is too much")
NEEDLESS = Text("{key} tidak berarti di samping {form}", "{key} means nothing beside {form}")
NEEDS = Text("{form} perlu {key}", "{form} needs {key}")
NO_ROSTER = Text(
    "absent dengan {form} perlu expect_from: siapa yang diharapkan melapor",
    "absent with {form} needs expect_from: who is expected to be heard",
)
TWICE_KELURAHAN = Text(
    "neighbours tidak bersama group_by: [kelurahan]", "neighbours does not go with group_by: [kelurahan]"
)
BAD_VALUE = Text(
    "keadaan bernilai kata, angka atau true/false, bukan {found}",
    "a state's value is a word, a number or true/false, not {found}",
)
UNREADABLE = AnyForm(())  # stands for a form that faults leave nothing of


def parse_when(reader: Reader, node: Node | None) -> When | None:
    """Return one ``when``; None with a fault behind it, or without a node."""
    body = None if node is None else reader.mapping(node, WHEN_KEYS)
    if body is None:
        return None
    names = _form_names(reader, body)
    _check_beside(reader, body, names)
    forms = [_PARSERS[name](reader, body) for name in names]
    needs_window = next((name for name in names if name in WINDOWED), None)
    if needs_window is not None and body.get("within") is None:
        reader.fault(body.place_of(needs_window), "missing-key", NEEDS, form=needs_window, key="within")
    within = _within(reader, body)
    group_by = group_fields(reader, body.get("group_by"))
    return When(
        form=next((form for form in forms if form is not None), UNREADABLE),
        within_ms=within or 0,
        group_by=group_by,
        neighbours=_neighbours(reader, body, group_by),
        reuse=reader.boolean(body.get("reuse"), False),
        place=body.place_of(names[0]) if names else body.place,
    )


def _form_names(reader: Reader, body: Mapping) -> list[str]:
    """Return the forms that stand there; it must be one."""
    found = [entry.key for entry in body.entries if entry.key in FORMS]
    if not found:
        reader.fault(body.place, "missing-key", MISSING_FORM, choices=", ".join(sorted(FORMS)))
    for extra in found[1:]:
        reader.fault(body.place_of(extra), "two-forms", TWO_FORMS, key=extra, choices=", ".join(FORMS))
    return found


def _check_beside(reader: Reader, body: Mapping, names: list[str]) -> None:
    """Note the keys that mean nothing beside the form; which form it should be is not known without any."""
    fitting = WHEN_KEYS if not names else frozenset(FORMS).union(*(BESIDE[name] for name in names))
    for entry in body.entries:
        if entry.key in WHEN_KEYS and entry.key not in fitting:
            reader.fault(entry.place, "needless-key", NEEDLESS, key=entry.key, form=names[0])


def _within(reader: Reader, body: Mapping) -> int | None:
    node = body.get("within")
    if node is not None:
        reader.stands("within", node.place)
    return duration_of(reader, node)


def group_fields(reader: Reader, node: Node | None) -> tuple[str, ...]:
    """Return the fields of a ``group_by``, each once."""
    if node is None:
        return ()
    reader.stands("group_by", node.place)
    items = node.items if isinstance(node, Sequence) else (node,)
    fields = []
    for item in items:
        word = reader.word(item)
        if word is None:
            reader.doubt("group_by")
        else:
            fields.append(check_field(reader, item.place, word))
    return tuple(dict.fromkeys(fields))


def _neighbours(reader: Reader, body: Mapping, group_by: tuple[str, ...]) -> bool:
    node = body.get("neighbours")
    if isinstance(node, Leaf) and not isinstance(node.value, str):
        reader.expected(node, "kelurahan")
    else:
        reader.choice(node, ("kelurahan",))
    if node is not None and "kelurahan" in group_by:
        reader.fault(body.place_of("neighbours"), "neighbours-group", TWICE_KELURAHAN)
    return node is not None


# --- forms -----------------------------------------------------------------------------------------------------------


def _event(reader: Reader, body: Mapping) -> Form | None:
    return EventForm(clause_of(reader, body))


def _any(reader: Reader, body: Mapping) -> Form | None:
    clauses = clause_list(reader, _child(body, "any"))
    return AnyForm(clauses) if clauses else None


def _count(reader: Reader, body: Mapping) -> Form | None:
    return count_of(reader, body.get("count"))


def _all(reader: Reader, body: Mapping) -> Form | None:
    parts = step_list(reader, _child(body, "all"), ordered=False)
    steps = tuple(part for part in parts if isinstance(part, Step))
    return AllForm(steps, tuple(part for part in parts if isinstance(part, Unless))) if steps else None


def _sequence(reader: Reader, body: Mapping) -> Form | None:
    parts = step_list(reader, _child(body, "sequence"), ordered=True)
    form = SequenceForm(parts)
    return form if form.steps else None


def _state(reader: Reader, body: Mapping) -> Form | None:
    entry = only_entry(reader, _child(body, "state"), "{name: value}")
    if entry is None:
        return None
    value = entry.value.value if isinstance(entry.value, Leaf) else None
    if value is None:
        reader.fault(entry.value.place, "wrong-type", BAD_VALUE, found=describe(entry.value))
    duration = duration_of(reader, body.get("for"))
    return None if value is None else StateForm(entry.key, value, duration or 0)


def _schedule(reader: Reader, body: Mapping) -> Form | None:
    inner = reader.mapping(_child(body, "schedule"), SCHEDULE_KEYS, ("at",))
    if inner is None:
        return None
    at, listed = time_of(reader, inner.get("at")), inner.get("days")
    days = days_of(reader, listed) if listed is not None else ()
    return None if at is None else ScheduleForm(at, days)


def _child(body: Mapping, key: str) -> Node:
    return body.get(key) or body


# --- absent ----------------------------------------------------------------------------------------------------------


def _absent(reader: Reader, body: Mapping) -> Form | None:
    ways = [key for key in ("for", "between", "after") if body.get(key) is not None]
    if not ways:
        reader.fault(body.place_of("absent"), "absent-way", ONE_WAY)
    if ways and "after" not in ways and body.get("within") is not None:
        reader.fault(body.place_of("within"), "needless-key", NEEDLESS, key="within", form=f"absent, {ways[0]}")
    for extra in ways[1:]:
        reader.fault(body.place_of(extra), "two-forms", TWO_FORMS, key=extra, choices="for, between, after")
    reader.aliases = frozenset() if "after" in ways else None
    after = _after(reader, body) if "after" in ways else None
    clause = plain_clause(reader, body.get("absent"))
    reader.aliases = None
    return AbsentForm(
        clause=clause or Clause(()),
        for_ms=duration_of(reader, body.get("for"), positive=True),
        between=span_of(reader, _child(body, "between")) if "between" in ways else None,
        after=after,
        roster=_roster(reader, body, ways),
    )


ONE_WAY = Text(
    "absent perlu tepat satu dari: for, between, after (dengan within)",
    "absent needs exactly one of: for, between, after (with within)",
)


def _after(reader: Reader, body: Mapping) -> After | None:
    if body.get("within") is None:
        reader.fault(body.place_of("after"), "missing-key", NEEDS, form="after", key="within")
    else:
        _positive(reader, body.get("within"))
    node = reader.mapping(_child(body, "after"), AFTER_KEYS)
    if node is None:
        return None
    found = [entry.key for entry in node.entries if entry.key in _TRIGGERS]
    if len(found) != 1:
        reader.fault(node.place, "missing-key", AFTER_WHAT)
    inner = node.get("within")
    if inner is not None:
        reader.stands("inner within", inner.place)
    within = duration_of(reader, inner)
    triggers = [_TRIGGERS[name](reader, node) for name in found]
    if len(found) != 1:
        return None
    trigger = triggers[0]
    several = isinstance(trigger, Step) and trigger.at_least > 1
    _check_inner_window(reader, node, found[0], within is not None, several=several)
    if several and within is None:
        within = duration_of(reader, body.get("within"))  # so many events at its place, and no window but the rule's
    name = node.get("as")
    alias = name.value if found[0] == "count" and isinstance(name, Leaf) else None
    has_window = several or found[0] != "event"
    return None if trigger is None else After(trigger, within if has_window else None, str(alias) if alias else None)


def _check_inner_window(reader: Reader, node: Mapping, form: str, given: bool, *, several: bool) -> None:
    """Note a fault for a sequence or count without a window of its own, and for a window around a single event."""
    if form != "event" and node.get("within") is None:
        reader.fault(node.place, "after-within", NEEDS, form=f"after: {form}", key="within")
    elif form == "event" and given and not several:
        reader.fault(node.place, "after-within", NEEDLESS, form=f"after: {form}", key="within")


AFTER_WHAT = Text("after perlu satu dari: event, sequence, count", "after needs one of: event, sequence, count")


def _after_sequence(reader: Reader, node: Mapping) -> SequenceForm | None:
    _refuse_step_keys(reader, node, "sequence")
    form = SequenceForm(step_list(reader, _child(node, "sequence"), ordered=True))
    return form if form.steps else None


def _after_count(reader: Reader, node: Mapping) -> CountForm | None:
    _refuse_step_keys(reader, node, "count", but="as")
    form = count_of(reader, node.get("count"))
    alias_of(reader, node.get("as"))
    return form


def _refuse_step_keys(reader: Reader, node: Mapping, form: str, but: str = "") -> None:
    for entry in node.entries:
        if entry.key in STEP_KEYS and entry.key not in (form, but):
            reader.fault(entry.place, "needless-key", NEEDLESS, key=entry.key, form=form)


_TRIGGERS: dict[str, Callable[[Reader, Mapping], Step | SequenceForm | CountForm | None]] = {
    "event": step_of,
    "sequence": _after_sequence,
    "count": _after_count,
}


def _positive(reader: Reader, node: Node | None) -> None:
    """Note that a duration is zero. That it is none at all is told where the whole ``when`` is read."""
    value = node.value if isinstance(node, Leaf) else None
    if node is not None and isinstance(value, str) and parse_duration(value) is not None:
        duration_of(reader, node, positive=True)


def _roster(reader: Reader, body: Mapping, ways: list[str]) -> Roster | None:
    node = body.get("expect_from")
    rostered = ways[0] if ways in (["for"], ["between"]) else None  # of two ways nobody knows which was meant
    if rostered is not None and node is None:
        reader.fault(body.place_of("absent"), "absent-no-roster", NO_ROSTER, form=rostered)
    if ways == ["after"] and node is not None:
        reader.fault(body.place_of("expect_from"), "needless-key", NEEDLESS, key="expect_from", form="after")
    return None if node is None else _entries(reader, node)


def _entries(reader: Reader, node: Node) -> Roster | None:
    if isinstance(node, Sequence):
        ids = reader.words(node)
        for item in node.items:
            check_name(reader, "device or post", item)
        if not ids:
            reader.expected(node, "[ids]")
        return Roster("ids", ids=tuple(dict.fromkeys(ids))) if ids else None
    if isinstance(node, Mapping):
        inner = reader.mapping(node, frozenset({"role"}), ("role",))
        role = reader.word(inner.get("role")) if inner else None
        if inner is not None and role is not None:
            check_name(reader, "role", _child(inner, "role"))
        return Roster("role", role) if role else None
    word = reader.choice(node, ("posts", "devices"))
    return Roster(word) if word else None


_PARSERS: dict[str, Callable[[Reader, Mapping], Form | None]] = {
    "event": _event,
    "any": _any,
    "count": _count,
    "all": _all,
    "sequence": _sequence,
    "absent": _absent,
    "state": _state,
    "schedule": _schedule,
}
