"""All that doctor knows to look for."""

from collections.abc import Callable, Iterator

from dispatcher.cli.doctor import brokers, devices, files, matcher, rules, running, storage
from dispatcher.cli.doctor.model import Cases, Finding, Look

CASES: Cases = {
    **running.CASES,
    **brokers.CASES,
    **storage.CASES,
    **devices.CASES,
    **files.CASES,
    **rules.CASES,
    **matcher.CASES,
}
_FINDERS: tuple[Callable[[Look], Iterator[Finding]], ...] = (
    running.find,
    brokers.find,
    storage.find,
    devices.find,
    files.find,
    rules.find,
    matcher.find,
)


def diagnose(look: Look) -> list[Finding]:
    """Return every finding, what matters most first."""
    found = [finding for find in _FINDERS for finding in find(look)]
    return sorted(found, key=lambda finding: CASES[finding.code].weight)
