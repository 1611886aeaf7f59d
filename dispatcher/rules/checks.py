"""What ``check`` refuses about rules that parse: the floor, where a rule can see, what rules do to each other."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.events import FLOOR_KINDS, PRESS_PREFIX
from dispatcher.domain.faults import Place, Text
from dispatcher.domain.incident import Severity
from dispatcher.rules.language import AbsentForm, FullRule, RunsAt, When
from dispatcher.rules.model import Clause, Operator
from dispatcher.rules.parse_rule import ID, NAMELESS, Draft
from dispatcher.rules.reader import Reader, as_meant, nearly
from dispatcher.rules.uses import both_of, completing, demands, kinds_of
from dispatcher.rules.where import is_slip

RETENTION_MS = 30 * 86_400_000
SEEN_AT_PRECINCT = ("report.", "alert.", "device.", "heartbeat", "check_in", "roll_call")
FLOOR_INCIDENTS = frozenset({"panic", "panel"})

FLOOR_ESCALATE = Text(
    "tombol panik selalu diteruskan; escalate: none ditolak", "a panic is always relayed; escalate: none is refused"
)
FLOOR_SEVERITY = Text("tombol panik selalu critical, bukan {found}", "a panic is always critical, not {found}")
FLOOR_THROTTLE = Text(
    "throttle pada tombol panik harus group_by: [device], supaya tombol lain tidak ikut diredam",
    "a throttle on a panic must be grouped by device, or one button would silence another",
)
FLOOR_SUPPRESS = Text(
    "tombol panik tidak boleh ditahan aturan lain (suppressed_by)",
    "no other rule may hold back a panic (suppressed_by)",
)
NOT_AT_POST = Text(
    "{key} hanya terlihat di Polsek; runs_at: post ditolak",
    "{key} is seen at the precinct only; runs_at: post is refused",
)
UNSEEN = Text(
    "aturan Polsek tidak melihat {key}; yang dilihatnya report.*, alert.*, device.*, heartbeat, check_in, roll_call",
    "a precinct rule does not see {key}; it sees report.*, alert.*, device.*, heartbeat, check_in, roll_call",
)
ALERT_LOOP = Text("aturan ini menyulut dirinya sendiri: {chain}", "this rule would set itself off: {chain}")
SUPPRESS_LOOP = Text("suppressed_by berputar: {chain}", "suppressed_by goes in a circle: {chain}")
UNKNOWN_RULE = Text("tidak ada aturan {key}", "there is no rule {key}")
BEYOND = Text(
    "within lebih panjang daripada simpanan jurnal ({days} hari)",
    "within is longer than the journal is kept ({days} days)",
)
CLEAR_GROUP = Text(
    "clear_when memakai kelompok aturannya; group_by-nya harus sama",
    "clear_when has its rule's groups; group_by must agree",
)
KIND_SLIP = Text(
    "jenis kejadian {key} hampir sama dengan {nearest}", "event kind {key} is one slip away from {nearest}"
)


def check_rules(
    reader: Reader, drafts: list[Draft], retention_ms: int = RETENTION_MS, hidden: frozenset[str] | None = frozenset()
) -> None:
    """Note every fault of a list of rules that stands in no rule alone, as far as each can be read.

    ``hidden`` are the ids of further rules, which stand where nothing can be read; None where even those are unknown.
    """
    for draft in drafts:
        _check_floor(reader, draft)
        _check_place(reader, draft)
        _check_windows(reader, draft, retention_ms)
        _check_clear(reader, draft)
    _check_words(reader, drafts)
    _check_suppression(reader, drafts, hidden)
    _check_loops(reader, [draft.rule for draft in drafts])


# --- the floor -------------------------------------------------------------------------------------------------------


def is_floor_clause(clause: Clause) -> bool:
    """Return whether the floor relays events that this clause names."""
    if any(kind.startswith(PRESS_PREFIX) or kind in FLOOR_KINDS for kind in clause.kinds):
        return True
    reports = any(kind.startswith("report.") for kind in clause.kinds)
    return reports and any(
        one.field == "severity" and one.operator in (Operator.IS, Operator.IN) and one.operands == ("critical",)
        for one in demands(clause.where)
    )


def _check_floor(reader: Reader, draft: Draft) -> None:
    """Refuse what would hold back a call for help (rules-language, "The floor")."""
    rule, doubts = draft.rule, draft.doubts
    if not any(is_floor_clause(clause) for clause in completing(rule.when)):
        return
    if "none" in rule.then.escalate:
        reader.fault(draft.place_of("then escalate"), "floor-escalate", FLOOR_ESCALATE)
    if rule.then.severity is not Severity.CRITICAL and "then severity" not in doubts:
        severity = str(rule.then.severity)
        reader.fault(draft.place_of("then severity"), "floor-severity", FLOOR_SEVERITY, found=severity)
    throttled = rule.throttle is not None and "device" not in rule.throttle.group_by
    if throttled and "throttle group_by" not in doubts:
        reader.fault(draft.place_of("throttle group_by"), "floor-throttle", FLOOR_THROTTLE)
    if rule.suppressed_by:
        reader.fault(rule.place_of("suppressed_by"), "floor-suppressed", FLOOR_SUPPRESS)


# --- where a rule can see --------------------------------------------------------------------------------------------


def _both(rule: FullRule) -> Iterator[tuple[str, When]]:
    """Yield ``when`` and ``clear_when``, each with its key."""
    return zip(("when", "clear_when"), both_of(rule), strict=False)


def _check_place(reader: Reader, draft: Draft) -> None:
    rule = draft.rule
    if "runs_at" in draft.doubts:
        return
    for name, when in _both(rule):
        if rule.runs_at is RunsAt.POST:
            key = "neighbours" if when.neighbours else next((k for k in kinds_of(when) if k.startswith("alert.")), None)
            if key is not None:
                reader.fault(rule.place_of("runs_at"), "not-at-post", NOT_AT_POST, key=key)
            continue
        for kind in dict.fromkeys(kinds_of(when)):
            if not kind.startswith(SEEN_AT_PRECINCT):
                reader.fault(draft.place_of(f"{name} kind {kind}"), "not-at-precinct", UNSEEN, key=kind)


def _check_windows(reader: Reader, draft: Draft, retention_ms: int) -> None:
    days = retention_ms // 86_400_000
    for name, when in _both(draft.rule):
        form = when.form
        inner = form.after.within_ms if isinstance(form, AbsentForm) and form.after is not None else None
        if when.within_ms > retention_ms:
            reader.fault(draft.place_of(f"{name} within"), "beyond-retention", BEYOND, days=days)
        elif (inner or 0) > retention_ms:
            reader.fault(draft.place_of(f"{name} inner within"), "beyond-retention", BEYOND, days=days)


def _check_clear(reader: Reader, draft: Draft) -> None:
    rule = draft.rule
    clear = rule.clear_when
    if clear is None or not clear.group_by or draft.doubts & {"when group_by", "clear_when group_by"}:
        return
    if set(clear.group_by) != set(rule.when.group_by):
        reader.fault(draft.place_of("clear_when group_by"), "clear-group", CLEAR_GROUP)


# --- words that people coin ------------------------------------------------------------------------------------------


def _check_words(reader: Reader, drafts: list[Draft]) -> None:
    """Tell a ``report.`` or ``alert.`` word that is one slip away from a known one."""
    rules = [draft.rule for draft in drafts]
    known = {kind for kind in KINDS if "." in kind}
    known |= {f"alert.{word}" for word in FLOOR_INCIDENTS}
    known |= {f"alert.{rule.then.incident}" for rule in rules if rule.alerts and rule.then.incident}
    for draft in drafts:
        for name, when in _both(draft.rule):
            for kind in dict.fromkeys(kinds_of(when)):
                _check_word(reader, draft.place_of(f"{name} kind {kind}"), kind, known)


def _check_word(reader: Reader, place: Place, kind: str, known: set[str]) -> None:
    if kind in known or kind.endswith(".*") or not kind.startswith(("report.", "alert.")):
        return
    nearest = next((name for name in sorted(known) if is_slip(kind, name)), None)
    if nearest is not None:
        reader.fault(place, "kind-slip", KIND_SLIP, key=kind, nearest=nearest)


MAX_CIRCLES = 100
MAX_SHOWN = 8  # rules of a circle that a fault names


# --- rules that name or wake each other ------------------------------------------------------------------------------


def _check_suppression(reader: Reader, drafts: list[Draft], hidden: frozenset[str] | None) -> None:
    ids = {id_ for id_, _ in reader.ids} | (hidden or frozenset())
    nameless = any(draft.rule.id.startswith(NAMELESS) for draft in drafts)  # it may be the one that others name
    for draft in drafts if hidden is not None and not nameless else ():
        for name in draft.rule.suppressed_by:
            if is_unknown(name, ids):
                place = draft.place_of(f"suppressed_by {name}")
                _unknown_rule(reader, place, name, ids - {draft.rule.id})
    rules = [draft.rule for draft in drafts]
    edges = {rule.id: [name for name in rule.suppressed_by if name in ids] for rule in rules}
    for rule, chain in _circles(rules, edges):
        reader.fault(rule.place_of("suppressed_by"), "suppress-loop", SUPPRESS_LOOP, chain=_shown(chain))


def is_unknown(name: str, ids: Collection[str]) -> bool:
    """Return whether no rule is called so, nor could have been meant to where its id itself is faulty."""
    faulty = [id_ for id_ in ids if not ID.fullmatch(id_)]
    return name not in ids and nearly(name, [*faulty, *map(as_meant, faulty)]) is None


def _unknown_rule(reader: Reader, place: Place, name: str, ids: Iterable[str]) -> None:
    reader.unknown(place, "unknown-name", UNKNOWN_RULE, name, ids)


def _check_loops(reader: Reader, rules: list[FullRule]) -> None:
    """Refuse alerts that come back to the rule that raised them, directly or through others."""
    live = [rule for rule in rules if rule.alerts and rule.then.incident]
    listeners = _listeners(live)
    edges = {rule.id: _woken(rule, listeners) for rule in live}
    for rule, chain in _circles(live, edges):
        reader.fault(rule.place_of("when"), "alert-loop", ALERT_LOOP, chain=_shown(chain))


def _listeners(rules: list[FullRule]) -> Mapping[str, list[str]]:
    """Return the rules that an alert can complete, by its kind or ``alert.*``."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        words = {kind for clause in completing(rule.when) for kind in clause.kinds if kind.startswith("alert.")}
        for word in words:
            found.setdefault(word, []).append(rule.id)
    return found


def _woken(rule: FullRule, listeners: Mapping[str, list[str]]) -> list[str]:
    words = (f"alert.{rule.then.incident}", "alert.*")
    itself = [rule.id] if any(word in words for word in kinds_of(rule.when)) else []
    return list(dict.fromkeys([*(id_ for word in words for id_ in listeners.get(word, ())), *itself]))


def _circles(rules: Iterable[FullRule], edges: Mapping[str, list[str]]) -> Iterator[tuple[FullRule, list[str]]]:
    """Yield the rules that lead back to themselves, each with its shortest way; of very many the first hundred."""
    left = _knotted(edges)
    found = ((rule, _way_back(left, rule.id)) for rule in rules if rule.id in left)
    return islice(((rule, chain) for rule, chain in found if chain), MAX_CIRCLES)


def _shown(chain: list[str]) -> str:
    return " > ".join(chain if len(chain) <= MAX_SHOWN else [*chain[: MAX_SHOWN - 2], "...", chain[-1]])


def _knotted(edges: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return what is left when all are taken away, again and again, that lead nowhere or are led to by nobody."""
    left = {start: set(ends) & edges.keys() for start, ends in edges.items()}
    into: dict[str, set[str]] = {start: set() for start in left}
    for start, ends in left.items():
        for end in ends:
            into[end].add(start)
    loose = [one for one in left if not left[one] or not into[one]]
    while loose:
        one = loose.pop()
        if one not in left:
            continue
        for end in left.pop(one):
            into[end].discard(one)
            loose += [end] if not into[end] else []
        for start in into.pop(one):
            if start in left:
                left[start].discard(one)
                loose += [start] if not left[start] else []
    return {start: [end for end in edges[start] if end in left] for start in left}


def _way_back(edges: Mapping[str, list[str]], start: str) -> list[str]:
    """Return a shortest way from ``start`` to itself; empty when there is none."""
    came: dict[str, str] = {}
    at = [start]
    for one in at:
        for end in edges[one]:
            if end == start:
                return _way(came, start, one)
            if end not in came:
                came[end] = one
                at.append(end)
    return []


def _way(came: Mapping[str, str], start: str, last: str) -> list[str]:
    way = []
    while last != start:
        way.append(last)
        last = came[last]
    return [start, *reversed(way), start]
