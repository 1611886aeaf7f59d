"""What is legal and most likely a mistake: rules that never fire, always fire, say the same twice or cost too much.

These are notes: they are told beside the faults, and refuse nothing.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dispatcher.domain.events import Value
from dispatcher.domain.faults import Fault, Text
from dispatcher.domain.incident import Severity, loudest
from dispatcher.domain.site import Site
from dispatcher.rules.cost import worst_case_bytes
from dispatcher.rules.duration import show_duration
from dispatcher.rules.engine.room import BUDGET_BYTES
from dispatcher.rules.fingerprint import canonical
from dispatcher.rules.language import (
    AbsentForm,
    CountForm,
    DayIs,
    EventForm,
    FullRule,
    FullRuleSet,
    Roster,
    RunsAt,
    ScheduleForm,
    StateForm,
    StateIs,
    TimeIs,
)
from dispatcher.rules.lint_words import lint_words
from dispatcher.rules.model import AllOf, Compare, Operator
from dispatcher.rules.uses import both_of, clauses_of, demands
from dispatcher.rules.where import is_slip

NEVER = Text("aturan ini tidak pernah menyala: {why}", "this rule never fires: {why}")
ALWAYS = Text("aturan ini menyala terus: {why}", "this rule fires all the time: {why}")
THROTTLED = Text(
    "aturan critical ini diredam {within}: kejadian kedua hanya menjadi bukti yang pertama, tanpa bunyi",
    "this critical rule is throttled for {within}: a second thing is evidence of the first, and makes no sound",
)
NEVER_SET = Text(
    "tidak ada aturan yang memberi keadaan {state}; maksud Anda {nearest}?",
    "no rule sets the state {state}; did you mean {nearest}?",
)
PLAIN_MS, GROUPED_MS = 600_000, 3_600_000  # as long as presses of one button are one incident; and for one place
NOTHING = Text("aturan ini tidak melakukan apa pun", "this rule does nothing")
SAME = Text("sama dengan aturan {other}", "the same as rule {other}")
COVERED = Text(
    "setiap kejadian aturan ini juga menyalakan {other}, dengan tujuan yang sama",
    "whatever this rule fires for also fires {other}, to the same people",
)
ELSEWHERE = Text(
    "aturan {other} dinilai di {place}; di sini kejadiannya tidak diketahui, jadi tidak menahan aturan ini",
    "rule {other} is judged at the {place}; its incidents are not known here, so it holds nothing back",
)
COSTLY = Text(
    "aturan ini dapat memakai {mib} MiB memori; semua aturan bersama hanya punya {budget}, lalu yang terlama dibuang",
    "this rule can take {mib} MiB of memory; all rules together have {budget}, beyond that the oldest goes",
)
COSTLY_ALL = Text(
    "semua aturan bersama dapat memakai {mib} MiB memori dan hanya punya {budget}, lalu yang terlama dibuang ({most})",
    "all rules together can take {mib} MiB of memory and have {budget}, beyond that the oldest goes ({most})",
)


Faulty = Mapping[str, frozenset[str]]
"""By the id of a rule, its keys with faults: nothing is concluded from those."""

_BY_THEMSELVES = frozenset({"id", "name", "notes"})  # keys whose faults say nothing about what the rule does
_PLACING = frozenset({"when", "clear_when", "runs_at"})


def lint(ruleset: FullRuleSet, site: Site | None = None, faulty: Faulty = MappingProxyType({})) -> tuple[Fault, ...]:
    """Return notes on a rule set, whose rules may be known in part (``faulty``)."""
    known = [rule for rule in ruleset.rules if rule.enabled and "enabled" not in faulty.get(rule.id, ())]
    notes = [note for rule in known for note in _of_rule(rule, site, faulty.get(rule.id, frozenset()))]
    whole = [rule for rule in known if not faulty.get(rule.id, frozenset()) - _BY_THEMSELVES]
    notes += _of_pairs(whole)
    placed = {rule.id: rule for rule in known if not faulty.get(rule.id, frozenset()) & _PLACING}
    notes += [note for rule in placed.values() for note in _far_suppressors(rule, placed)]
    notes += _of_states(known) if len(whole) == len(known) else ()  # what is not read may set any state
    notes += lint_words(ruleset) if not faulty else ()
    return (*notes, *_of_memory(whole, site))


def _note(rule: FullRule, code: str, text: Text, **values: object) -> Fault:
    return Fault(rule.place, f"lint-{code}", text, values)


# --- one rule --------------------------------------------------------------------------------------------------------


def _of_rule(rule: FullRule, site: Site | None, faulty: frozenset[str]) -> Iterator[Fault]:
    if "when" not in faulty:
        why = next(_never(rule, site, faulty), None)
        if why is not None:
            yield _note(rule, "never", NEVER, why=why)
        form = rule.when.form
        if isinstance(form, CountForm) and form.at_least == 1:
            yield _note(rule, "always", ALWAYS, why="at_least: 1")
    if not {"then", "throttle", "when"} & faulty and _is_muffled(rule):
        yield _note(rule, "throttled", THROTTLED, within=_throttled(rule))
    if "then" not in faulty and not rule.alerts and not rule.then.sets and not rule.then.actions:
        yield _note(rule, "nothing", NOTHING)


def _is_muffled(rule: FullRule) -> bool:
    """Return whether a second critical thing at another place would only be evidence of the first, for long."""
    throttle = rule.throttle
    if throttle is None or rule.shadow or not rule.alerts or rule.then.severity is not Severity.CRITICAL:
        return False
    return throttle.once_within_ms > (GROUPED_MS if throttle.group_by else PLAIN_MS)


def _throttled(rule: FullRule) -> str:
    return show_duration(rule.throttle.once_within_ms if rule.throttle is not None else 0)


def _far_suppressors(rule: FullRule, rules: Mapping[str, FullRule]) -> Iterator[Fault]:
    """Note suppressors that are judged elsewhere: a post does not know the precinct's incidents, nor the other way."""
    for name in rule.suppressed_by:
        other = rules.get(name)
        if other is not None and other.runs_at is not rule.runs_at:
            yield _note(rule, "elsewhere", ELSEWHERE, other=other.id, place=other.runs_at)


def _never(rule: FullRule, site: Site | None, faulty: frozenset[str]) -> Iterator[str]:
    for when in both_of(rule)[:1]:
        for clause in clauses_of(when):
            field = _contradiction(list(demands(clause.where)))
            if field is not None:
                yield f"where {field}"
    form = rule.when.form
    if site is not None and isinstance(form, AbsentForm) and form.roster is not None and _is_empty(form.roster, site):
        yield "expect_from"
    if site is not None and isinstance(form, CountForm):
        values = {"post": len(site.posts), "device": len(site.devices), "kelurahan": len(site.kelurahan)}
        if form.distinct in values and form.at_least > values[form.distinct]:
            yield f"at_least: {form.at_least} > {values[form.distinct]} {form.distinct}"
    if isinstance(form, ScheduleForm) and "only_if" not in faulty:
        yield from _hour_held_back(rule, form)


def _is_empty(roster: Roster, site: Site) -> bool:
    if roster.sort == "role":
        return not any(device.role == roster.role for device in site.devices.values())
    return not {"posts": site.posts, "devices": site.devices}.get(roster.sort, site.posts) and roster.sort != "ids"


def _hour_held_back(rule: FullRule, form: ScheduleForm) -> Iterator[str]:
    for condition in rule.only_if:
        if isinstance(condition, DayIs) and form.days and not set(form.days) & set(condition.days):
            yield "only_if days"
        if isinstance(condition, TimeIs):
            span = condition.span
            inside = span.start <= form.at < span.end
            wraps = span.start > span.end and (form.at >= span.start or form.at < span.end)
            if not inside and not wraps:
                yield "only_if between"


def _contradiction(wanted: list[Compare]) -> str | None:
    """Return a field of which two things are demanded that no value can be, or None."""
    for field in dict.fromkeys(one.field for one in wanted):
        same = [one for one in wanted if one.field == field]
        low = max((float(v) for v in _bounds(same, Operator.ABOVE, Operator.AT_LEAST)), default=float("-inf"))
        high = min((float(v) for v in _bounds(same, Operator.BELOW, Operator.AT_MOST)), default=float("inf"))
        exact = {repr(one.operands[0]) for one in same if one.operator is Operator.IS}
        if low > high or len(exact) > 1 or _is_missing_and_compared(same):
            return field
    return None


def _is_missing_and_compared(comparisons: list[Compare]) -> bool:
    """Return whether a field must be missing, and have a value all the same: a comparison with nothing is false."""
    missing = any(one.operator is Operator.EXISTS and one.operands == (False,) for one in comparisons)
    return missing and any(one.operator is not Operator.EXISTS or one.operands == (True,) for one in comparisons)


def _bounds(comparisons: list[Compare], *operators: Operator) -> Iterator[float]:
    """Yield the numbers that comparisons of these sorts name; ``between`` has one of each sort."""
    which = 0 if Operator.AT_LEAST in operators else 1
    for one in comparisons:
        between = one.operator is Operator.BETWEEN and len(one.operands) == 2
        value = one.operands[which] if between else one.operands[0] if one.operands else None
        if (between or one.operator in operators) and isinstance(value, int | float) and not isinstance(value, bool):
            yield value


# --- states ---------------------------------------------------------------------------------------------------------


def _of_states(rules: list[FullRule]) -> Iterator[Fault]:
    """Note a state, or a value of one, that no rule sets and that is one slip away from one that some rule does."""
    put: dict[str, set[Value]] = {}
    for name, value in (one for rule in rules for one in rule.then.sets):
        put.setdefault(name, set()).add(value)
    for rule in rules:
        for name, value in dict.fromkeys(_states_asked(rule)):
            words = put.get(name, put.keys())
            asked = value if name in put else name
            near = next((one for one in sorted(map(str, words)) if is_slip(str(asked), one)), None)
            if asked not in words and near is not None:
                yield _note(rule, "state", NEVER_SET, state=f"{name}: {value}", nearest=near)


def _states_asked(rule: FullRule) -> Iterator[tuple[str, Value]]:
    for when in both_of(rule):
        if isinstance(when.form, StateForm):
            yield when.form.name, when.form.value
    for one in rule.only_if:
        if isinstance(one, StateIs):
            yield one.name, one.value


# --- two rules -------------------------------------------------------------------------------------------------------


def _of_pairs(rules: list[FullRule]) -> Iterator[Fault]:
    seen: dict[tuple[str, ...], FullRule] = {}
    wide = _wide(rules)
    for rule in rules:
        key = (canonical(rule.when), canonical(rule.only_if), rule.runs_at, canonical(rule.then.escalate))
        if key in seen:
            yield _note(rule, "duplicate", SAME, other=seen[key].id)
        else:
            other = next((one for one in _candidates(rule, wide) if one is not rule and _covers(one, rule)), None)
            if other is not None:
                yield _note(rule, "covered", COVERED, other=other.id)
        seen.setdefault(key, rule)


def _wide(rules: list[FullRule]) -> Mapping[str, list[FullRule]]:
    """Return the rules that fire for each event of a kind, by that kind: only such a rule can cover another."""
    found: dict[str, list[FullRule]] = {}
    for rule in rules:
        form = rule.when.form
        plain = not (rule.only_if or rule.throttle or rule.clear_when or rule.suppressed_by or rule.when.group_by)
        if plain and isinstance(form, EventForm) and form.clause.where == AllOf(()) and not rule.shadow:
            for kind in form.clause.kinds:
                found.setdefault(kind, []).append(rule)
    return found


def _candidates(rule: FullRule, wide: Mapping[str, list[FullRule]]) -> Iterator[FullRule]:
    """Yield the wide rules that the first kind of a narrow one fires, too."""
    form = rule.when.form
    if isinstance(form, EventForm) and form.clause.where != AllOf(()):
        kind = form.clause.kinds[0]
        dots = [index for index, char in enumerate(kind) if char == "."]
        for word in dict.fromkeys((kind, *(f"{kind[:dot]}.*" for dot in dots))):
            yield from wide.get(word, ())


def _covers(wide: FullRule, narrow: FullRule) -> bool:
    """Return whether a wide rule fires wherever the other does, as loudly, to the same people."""
    one, two = wide.when.form, narrow.when.form
    assert isinstance(one, EventForm)
    assert isinstance(two, EventForm)
    kinds = all(any(_is_below(kind, word) for word in one.clause.kinds) for kind in two.clause.kinds)
    severity = loudest(wide.then.severity, narrow.then.severity) is wide.then.severity
    people = set(wide.then.escalate) >= set(narrow.then.escalate) and narrow.alerts
    return kinds and severity and people and wide.runs_at is narrow.runs_at


def _is_below(kind: str, word: str) -> bool:
    return kind == word or (word.endswith(".*") and kind.startswith(word[:-1]))


# --- memory ----------------------------------------------------------------------------------------------------------


def _of_memory(rules: list[FullRule], site: Site | None) -> Iterator[Fault]:
    """Note rules that take too much alone, and else the most costly one of those that do so together."""
    for place in RunsAt:
        costs = {rule.id: worst_case_bytes(rule, site) for rule in rules if rule.runs_at is place}
        costly = [rule for rule in rules if costs.get(rule.id, 0) > BUDGET_BYTES]
        for rule in costly:
            yield _note(rule, "memory", COSTLY, mib=_mib(costs[rule.id]), budget=_mib(BUDGET_BYTES))
        if not costly and sum(costs.values()) > BUDGET_BYTES:
            most = sorted((rule for rule in rules if rule.id in costs), key=lambda one: -costs[one.id])
            names = ", ".join(f"{rule.id} {_mib(costs[rule.id])}" for rule in most[:3])
            words = {"mib": _mib(sum(costs.values())), "budget": _mib(BUDGET_BYTES), "most": names}
            yield _note(most[0], "memory", COSTLY_ALL, **words)


def _mib(number: int) -> str:
    return f"{number / 2**20:.3g}"
