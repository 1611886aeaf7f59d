"""Playing case files against profiles: what a message must give, and what a command must publish.

A line with ``expect`` is a message, one with ``publish`` a command. Each line starts from a fresh state; the lines of a
``group`` share one and are played in order at their ``t``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatcher.devices import kentongan
from dispatcher.devices.commands import OutMessage, Unsupported, to_messages
from dispatcher.devices.model import Profiles
from dispatcher.devices.normalise import Normaliser
from dispatcher.devices.results import Normalised, Outcome, UnknownDevice
from dispatcher.devices.state import DeviceStates
from dispatcher.domain.events import Lane, RawMessage, Reading
from dispatcher.domain.site import Device, Site
from dispatcher.domain.stamp import Stamp

START_MS = 1_000_000  # running time of the first line
PRIOR_MS = 60_000  # what came before came a minute before
_OF_THE_SITE = ("role", "profile", "enrolled")


@dataclass(frozen=True, slots=True)
class CaseReport:
    """How many lines passed, how many failed, and for each that failed what was expected and what came."""

    passed: int
    failed: int
    failures: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    normaliser: Normaliser
    state: DeviceStates = field(default_factory=DeviceStates)


def run_cases(lines: Iterable[str], profiles: Profiles) -> CaseReport:
    """Play the lines of a ``*.cases.jsonl`` file. Empty lines are skipped; a broken line is a failure."""
    groups: dict[str, _Group] = {}
    passed, failures = 0, []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        failure = _run(line, number, groups, profiles)
        if failure is None:
            passed += 1
        else:
            failures.append(failure)
    return CaseReport(passed, len(failures), tuple(failures))


def _run(line: str, number: int, groups: dict[str, _Group], profiles: Profiles) -> str | None:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError):
        return f"line {number}: not valid JSON"
    if not isinstance(case, dict) or not isinstance(case.get("convention"), str):
        return f"line {number}: no case (a mapping with a convention)"
    name = str(case.get("id", f"line {number}"))
    try:
        problem = _problem(case, groups, profiles)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"not a complete case: {error!r}"
    return None if problem is None else f"{name}: {problem}"


def _problem(case: dict[str, Any], groups: dict[str, _Group], profiles: Profiles) -> str | None:
    device = _device(case)
    if device.profile != kentongan.PROFILE and device.profile not in profiles.by_name:
        return f"no profile {device.profile}"
    if "publish" in case:
        return _command_problem(case, device, profiles)
    return _message_problem(case, _group(case, device, groups, profiles))


# --- the site that a case describes ----------------------------------------------------------------------------------


class _Everywhere(Mapping[str, Device]):
    """A site in which every name is a device as the case describes it: the names are what is being tested."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def __getitem__(self, name: str) -> Device:
        like = self._device
        return Device(
            name, like.profile, like.role, None, None, like.model, enrolled=like.enrolled, settings=like.settings
        )

    def __iter__(self) -> Iterator[str]:
        return iter((self._device.id,))

    def __len__(self) -> int:
        return 1


def _device(case: Mapping[str, Any]) -> Device:
    context = case.get("context") or {}
    return Device(
        id=str(case.get("device", "any")),
        profile=str(context.get("profile", case["convention"])),
        role=str(context.get("role", "sensor")),
        model=case.get("model"),
        enrolled=context.get("enrolled", {}),
        settings={key: value for key, value in context.items() if key not in _OF_THE_SITE},
    )


def _group(case: Mapping[str, Any], device: Device, groups: dict[str, _Group], profiles: Profiles) -> _Group:
    site = Site("Asia/Jakarta", "precinct", devices=_Everywhere(device))
    fresh = _Group(Normaliser(profiles, site, "post"))
    name = case.get("group")
    if name is None:
        return fresh
    if name in groups:  # the state goes on; what the site knows may be said anew
        fresh.state = groups[name].state
    groups[name] = fresh
    return fresh


# --- messages --------------------------------------------------------------------------------------------------------


def _message_problem(case: Mapping[str, Any], group: _Group) -> str | None:
    at = START_MS + round(float(case.get("t", 0)) * 1000)
    for payload in case.get("prior", ()):
        _play(group, _raw(case, payload, at - PRIOR_MS, retain=False))
    outcome = _play(group, _raw(case, case["payload"], at, retain=bool(case.get("retain", False))))
    got = [each for each in _readings(outcome) if not each.kind.endswith(".clear")]
    expected = case["expect"]
    if _all_match(expected, got):
        return None
    return f"expected {_show_expected(expected)}, got {_show(outcome, got)}"


def _raw(case: Mapping[str, Any], payload: str, at: int, retain: bool) -> RawMessage:
    data = payload.encode("utf-8", "surrogatepass")
    return RawMessage(Lane.REST, case["topic"], data, int(case.get("qos", 0)), retain, False, Stamp(at, at, True))


def _play(group: _Group, raw: RawMessage) -> Outcome:
    outcome = group.normaliser.normalise(group.state, raw)
    if isinstance(outcome, Normalised):
        group.state.apply(outcome.changes)
    return outcome


def _readings(outcome: Outcome) -> tuple[Reading, ...]:
    return outcome.readings if isinstance(outcome, Normalised) else ()


def _all_match(expected: list[dict[str, Any]], got: list[Reading]) -> bool:
    """Pair each expectation with a reading of its own, in any order; the one that asks for most chooses first."""
    left = list(got)
    for each in sorted(expected, key=lambda wanted: -len(wanted.get("attrs", {}))):
        found = next((reading for reading in left if _matches(each, reading)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def _matches(wanted: Mapping[str, Any], reading: Reading) -> bool:
    if wanted["kind"] != reading.kind or wanted["device"] != reading.device:
        return False
    return all(reading.attrs.get(name) == value for name, value in wanted.get("attrs", {}).items())


def _show_expected(expected: list[dict[str, Any]]) -> str:
    return (
        "; ".join(f"{each['kind']} {each['device']} {each.get('attrs') or ''}".strip() for each in expected)
        or "nothing"
    )


def _show(outcome: Outcome, got: list[Reading]) -> str:
    if isinstance(outcome, Normalised):
        return "; ".join(f"{each.kind} {each.device} {dict(each.attrs) or ''}".strip() for each in got) or "nothing"
    if isinstance(outcome, UnknownDevice):
        return f"unknown device {outcome.device}"
    return f"rejected: {outcome.reason} {outcome.detail}".strip()


# --- commands --------------------------------------------------------------------------------------------------------


def _command_problem(case: Mapping[str, Any], device: Device, profiles: Profiles) -> str | None:
    got = to_messages(device, case["command"], case.get("args") or {}, profiles)
    if isinstance(got, Unsupported):
        return f"unsupported: {got.reason} {got.detail}".strip()
    expected = case["publish"]
    left = list(got)
    for each in expected:
        found = next((message for message in left if _is_published(each, message)), None)
        if found is None:
            return f"expected {each['topic']} {each['payload']}, got {_show_messages(got)}"
        left.remove(found)
    return f"also published {_show_messages(tuple(left))}" if left else None


def _is_published(wanted: Mapping[str, Any], message: OutMessage) -> bool:
    if wanted["topic"] != message.topic or bool(wanted.get("retain", False)) != message.retain:
        return False
    if int(wanted.get("qos", message.qos)) != message.qos:
        return False
    return _says(wanted["payload"], message.payload.decode("utf-8", "replace"))


def _says(wanted: str, got: str) -> bool:
    """Compare payloads: of a JSON object the fields are the minimum, any other text is equal."""
    try:
        wanted_body, got_body = json.loads(wanted), json.loads(got)
    except ValueError:
        return wanted == got
    if not isinstance(wanted_body, dict):
        return wanted == got
    return _holds(wanted_body, got_body)


def _holds(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(key in got and _holds(value, got[key]) for key, value in wanted.items())
    return type(wanted) is type(got) and bool(wanted == got)


def _show_messages(messages: tuple[OutMessage, ...]) -> str:
    return "; ".join(f"{each.topic} {each.payload.decode('utf-8', 'replace')}" for each in messages) or "nothing"
