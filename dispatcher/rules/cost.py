"""What a rule can cost at worst: its windows are full, and every group that can be has one."""

from dispatcher.domain.site import Device, Site
from dispatcher.rules.engine.lateness import lateness_of
from dispatcher.rules.engine.room import COUNTED_BYTES, DISTINCT_BYTES, GROUP_BYTES, KEY_BYTES, WHOLE_BYTES
from dispatcher.rules.engine.state import (
    MAX_CHAINS,
    MAX_EVIDENCE,
    MAX_GROUPS,
    MAX_ITEMS,
    MAX_KEYS,
    MAX_LATE,
    MAX_WAITS,
    most_counted,
)
from dispatcher.rules.language import (
    AbsentForm,
    AllForm,
    CountForm,
    Cross,
    FullRule,
    RunsAt,
    SequenceForm,
    Step,
    When,
)
from dispatcher.rules.model import AllOf, AnyOf, Condition, Not
from dispatcher.rules.uses import clauses_of

MANY_SORTS = 64  # sorts of events that the clauses of an `all` are taken to tell apart, where they compare nothing


def worst_case_bytes(rule: FullRule, site: Site | None = None) -> int:
    """Return the most memory that a rule's state can take, in bytes."""
    spends = not rule.when.reuse and not rule.only_if
    total = _bytes_of(rule.when, rule.runs_at, site, spends=spends) + _keys_of(rule, site) * KEY_BYTES
    if rule.clear_when is not None:
        total += _bytes_of(rule.clear_when, rule.runs_at, site, spends=True)
    return total


def _keys_of(rule: FullRule, site: Site | None) -> int:
    """Return how many throttles, conditions and incidents a rule can have."""
    throttles = _groups(rule.throttle.group_by, rule.runs_at, site, MAX_KEYS) if rule.throttle is not None else 0
    conditions = _groups(rule.when.group_by, rule.runs_at, site, MAX_KEYS) if rule.clear_when is not None else 0
    return throttles + conditions


def _bytes_of(when: When, runs_at: RunsAt, site: Site | None, *, spends: bool) -> int:
    groups = _groups(when.group_by, runs_at, site, MAX_GROUPS)
    late = site is not None and lateness_of(clauses_of(when), site) > 0
    match when.form:
        case CountForm() as form:
            near = max(1, len(site.kelurahan) if site is not None else 1) if when.neighbours else 1
            return groups * (GROUP_BYTES + near * _counted(form, runs_at, site, spends=spends, late=late))
        case AllForm() | SequenceForm() as form:
            whole = MAX_ITEMS if late or when.neighbours else _kept(form)
            return groups * (GROUP_BYTES + _tally(most_counted(1), MAX_EVIDENCE) + whole * WHOLE_BYTES)
        case AbsentForm(after=None):
            return (len(site.devices) + len(site.posts) if site is not None else MAX_GROUPS) * KEY_BYTES
        case AbsentForm() as form:
            ended = MAX_LATE if late else 0
            return groups * (_begun(form, runs_at, site, late=late) + (MAX_WAITS + ended) * WHOLE_BYTES)
        case _:
            return 0


def _counted(form: CountForm, runs_at: RunsAt, site: Site | None, *, spends: bool, late: bool) -> int:
    # One that spends is empty again as soon as there are enough.
    number = form.at_least if spends else most_counted(form.at_least)
    whole = min(number, MAX_EVIDENCE) + (min(MAX_LATE, most_counted(number)) if late else 0)
    if form.distinct is None:
        return _tally(number, whole)
    return min(number, _values(form.distinct, runs_at, site, number)) * DISTINCT_BYTES + whole * WHOLE_BYTES


def _tally(number: int, whole: int) -> int:
    return number * COUNTED_BYTES + whole * WHOLE_BYTES


def _kept(form: AllForm | SequenceForm) -> int:
    """Return how many whole events are kept beside what is counted, where none comes late."""
    places = sum(step.at_least for step in form.steps)
    if isinstance(form, SequenceForm):
        named = [index for index, step in enumerate(form.steps) if step.name is not None]
        return MAX_CHAINS * (len(form.steps) - named[0]) if named and _compares(form) else places
    return max(MAX_ITEMS, (places + 1) ** 2) if _compares(form) else (places + 1) * min(MANY_SORTS, 2**places)


def _compares(form: AllForm | SequenceForm) -> bool:
    return any(_crosses(clause.where) for clause in clauses_of(When(form)))


def _crosses(condition: Condition) -> bool:
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return any(_crosses(part) for part in parts)
        case Not(part=part):
            return _crosses(part)
        case _:
            return isinstance(condition, Cross)


def _begun(form: AbsentForm, runs_at: RunsAt, site: Site | None, *, late: bool) -> int:
    """Return what the window takes that begins a wait."""
    trigger = form.after.trigger if form.after is not None else None
    match trigger:
        case SequenceForm():
            return GROUP_BYTES + MAX_ITEMS * WHOLE_BYTES
        case CountForm():
            return GROUP_BYTES + _counted(trigger, runs_at, site, spends=True, late=late)
        case Step(at_least=number) if number > 1:
            return GROUP_BYTES + _tally(number, min(number, MAX_EVIDENCE))
        case _:
            return 0


# --- groups ----------------------------------------------------------------------------------------------------------


def _groups(fields: tuple[str, ...], runs_at: RunsAt, site: Site | None, most: int) -> int:
    number = 1
    for field in fields:
        number *= _values(field, runs_at, site, most)
    return min(number, most)


def _values(field: str, runs_at: RunsAt, site: Site | None, most: int) -> int:
    """Return how many values a field can have at one place; one that the site does not limit has as many as can be."""
    if field in ("post", "kelurahan") and runs_at is RunsAt.POST:
        return 1
    if site is None:
        return most
    devices = _largest(site) if runs_at is RunsAt.POST else list(site.devices.values())
    zones = {device.zone for device in devices} | {zone for post in site.posts.values() for zone in post.zones}
    known = {
        "post": len(site.posts),
        "kelurahan": len(site.kelurahan),
        "device": len(devices),
        "role": 24,
        "zone": len(zones),
    }
    return max(1, min(most, known.get(field, most)))


def _largest(site: Site) -> list[Device]:
    """Return the devices of the post that has most."""
    by_post: dict[str | None, list[Device]] = {}
    for device in site.devices.values():
        by_post.setdefault(device.post, []).append(device)
    return max(by_post.values(), key=len, default=[])
