"""What a rule can cost at worst: its windows are full, and every group that can be has one."""

from dispatcher.domain.site import Site
from dispatcher.rules.engine.state import MAX_GROUPS, MAX_ITEMS
from dispatcher.rules.language import AbsentForm, AllForm, CountForm, FullRule, RunsAt, SequenceForm, When
from dispatcher.rules.uses import both_of

ITEM_BYTES = 1_200  # an event with a few attributes, measured with tracemalloc
ENTRY_BYTES = 400  # a roster's entry, a condition, a throttle
BUDGET_BYTES = 16 * 2**20  # of the 64 MiB that a post may take in all


def worst_case_bytes(rule: FullRule, site: Site | None = None) -> int:
    """Return the most memory that a rule's state can take, in bytes."""
    return sum(_bytes_of(when, rule.runs_at, site) for when in both_of(rule))


def _bytes_of(when: When, runs_at: RunsAt, site: Site | None) -> int:
    groups = _groups(when, runs_at, site)
    match when.form:
        case CountForm(distinct=None, at_least=number):
            # It fires, and spends, as soon as it is full; only a held one grows on, and that is bounded too.
            return groups * min(MAX_ITEMS, number * 4) * ITEM_BYTES
        case CountForm() | AllForm() | SequenceForm():
            return groups * MAX_ITEMS * ITEM_BYTES
        case AbsentForm(after=None):
            return (len(site.devices) if site is not None else MAX_GROUPS) * ENTRY_BYTES
        case AbsentForm():
            return groups * MAX_ITEMS // 10 * ITEM_BYTES
        case _:
            return groups * ENTRY_BYTES


def _groups(when: When, runs_at: RunsAt, site: Site | None) -> int:
    number = 1
    for field in when.group_by:
        number *= _values(field, runs_at, site)
    return min(number, MAX_GROUPS)


def _values(field: str, runs_at: RunsAt, site: Site | None) -> int:
    """Return how many values a field can have at one place; one that the site does not limit has as many as can be."""
    if field in ("post", "kelurahan") and runs_at is RunsAt.POST:
        return 1
    if site is None:
        return MAX_GROUPS
    known = {
        "post": len(site.posts),
        "kelurahan": len(site.kelurahan),
        "device": len(site.devices),
        "role": 24,
        "zone": len(
            {device.zone for device in site.devices.values()} | {z for p in site.posts.values() for z in p.zones}
        ),
    }
    return max(1, known.get(field, MAX_GROUPS))
