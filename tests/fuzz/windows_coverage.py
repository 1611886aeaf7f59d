"""What random nights were about: which words of the language stood in their rules and steps, and what was told."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from tests.fuzz.windows_night import Night

FORMS = ("event", "count", "all", "any", "sequence", "absent for", "absent between", "absent after", "state",
         "schedule")  # fmt: skip
TELLING = 0.4  # the part of the nights in which something must be told
BUILT_IN = ("floor", "device.unknown")
SORTS = ("alert", "unknown", "clear", "throttled", "suppressed", "command")


def is_timeline(night: Night) -> bool:
    """Return whether a night has a rule and several events."""
    return bool(night.rules) and sum("event" in step for step in night.steps) >= 2


def words_of(night: Night, told: Collection[tuple[Any, ...]], met: set[str]) -> set[str]:
    """Return what a night was about."""
    rules = [rule for rule in night.rules if rule.get("enabled", True)]
    words = {word for rule in rules for word in _rule(rule)}
    words |= {f"step: {_step(step)}" for step in night.steps}
    words |= {f"rule: {word}" for rule in night.rules for word in ("mode", "enabled") if word in rule}
    words |= {f"told: {entry[1]}" for entry in told}
    words |= {"told: alert by a rule" for entry in told if entry[1] == "alert" and entry[2] not in BUILT_IN}
    words |= {f"met: {word}" for word in met}
    words |= {f"zone: {night.start.timezone}"} | _twins(night.rules, told)
    return words


def _twins(rules: list[dict[str, Any]], told: Collection[tuple[Any, ...]]) -> set[str]:
    """Whether a rule under a watch alerted, and whether it did so before the one that it was made from, or alone."""
    alerts: dict[str, int] = {}
    for at, sort, name, *_ in told:
        if sort == "alert":
            alerts.setdefault(name, at)
    found = set()
    for rule in rules:
        other = rule.get("notes", "").removeprefix("twin of ")
        if rule["id"] in alerts and other != rule.get("notes", ""):
            first = other in alerts and alerts[rule["id"]] < alerts[other]
            found |= {""} | ({" first"} if first else set()) | ({" alone"} if other not in alerts else set())
    return {f"a twin under a watch alerts{how}" for how in found}


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    yield f"when: {_form(rule['when'])}"
    yield from (f"rule: {word}" for word in ("throttle", "suppressed_by", "runs_at", "clear_when") if word in rule)
    yield from (f"only_if: {next(iter(condition))}" for condition in rule.get("only_if", []))
    yield from (f"then: {word}" for word in ("set", "actions") if word in rule["then"])
    if rule["then"]["escalate"] == "none":
        yield "then: escalate none"
    if "clear_when" in rule:
        yield f"clear_when: {_form(rule['clear_when'])}"
        yield from _beside(rule["clear_when"])
    yield from _beside(rule["when"])
    if "alert." in str(rule["when"]):
        yield "a rule on alert.*"


def _form(when: dict[str, Any]) -> str:
    way = next((f" {word}" for word in ("for", "between", "after") if "absent" in when and word in when), "")
    return next(iter(when)) + way


def _beside(when: dict[str, Any]) -> Iterator[str]:
    for word in ("group_by", "neighbours", "reuse"):
        if word in when:
            yield f"beside: {word}"
    if "state" in when and "for" in when:
        yield "beside: state for"
    roster = when.get("expect_from")
    if roster is not None:
        yield f"expect_from: {'role' if isinstance(roster, dict) else 'ids' if isinstance(roster, list) else roster}"
    for word in ("distinct", "unless", "same_as", "not_same_as", "rises_by", "falls_by", "at_least", "days", "not"):
        if f"'{word}'" in str(when):
            yield f"inside: {word}"
    inner = when.get("after", {})
    if isinstance(inner, dict) and inner:
        yield f"after: {next(iter(inner))}"


def _step(step: dict[str, Any]) -> str:
    if "event" in step:
        return "late event" if step.get("happened", step["at"]) < step["at"] else "event"
    for word in ("clock", "states", "trusted", "reload", "broker", "watch", "duplicate"):
        if word in step and "off" not in step:
            return word
    return "power cut" if step["cut"] else "restart"


# --- what may not be missing

_WORDS = [
    *(f"when: {form}" for form in FORMS),
    *(f"clear_when: {form}" for form in FORMS if form not in ("schedule", "absent between")),
    *(f"rule: {word}" for word in ("throttle", "suppressed_by", "clear_when", "runs_at", "mode", "enabled")),
    *(f"only_if: {word}" for word in ("state", "between", "days", "watch")),
    *(f"then: {word}" for word in ("set", "actions", "escalate none")),
    *(f"beside: {word}" for word in ("group_by", "neighbours", "reuse", "state for")),
    *(f"expect_from: {word}" for word in ("posts", "devices", "role", "ids")),
    *(f"inside: {word}" for word in (
        "distinct", "unless", "same_as", "not_same_as", "rises_by", "falls_by", "at_least", "days", "not",
    )),
    *(f"after: {word}" for word in ("event", "count", "sequence")),
    "a rule on alert.*",
    *(f"step: {word}" for word in (
        "event", "late event", "power cut", "restart", "clock", "states", "trusted", "reload", "broker", "watch",
        "duplicate",
    )),
    *(f"told: {sort}" for sort in SORTS),
    *(f"met: alert, {form}" for form in ("event", "count", "all", "any", "sequence", "absent", "state", "schedule")),
    *(f"met: {word}" for word in (
        "too late", "late in time", "late into a spent window", "window judged again", "duplicate refused",
        "unknown device again", "floor", "a rule stands for the floor", "held at a cut post", "reload keeps",
        "reload afresh", "switched on", "clock untrusted", "judged late", "held by only_if", "a shadow would have fired",
        "joins its open condition", "throttled by its window", "lacks a group field", "unknown, absent",
        "an unmeasured cut", "an unmeasured cut corrected", "a time in a gap", "a time in a fold",
        "late in time by a prefix", "reload keeps what had begun", "reload drops what had begun", "a rule put back",
        "a verdict on an entry that is cut off",
    )),
    *(f"met: three gates, a late event: {word}" for word in ("suppressed", "open", "throttled", "passed")),
    *(f"zone: {zone}" for zone in ("Asia/Jakarta", "Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe")),
    "a twin under a watch alerts", "a twin under a watch alerts first", "a twin under a watch alerts alone",
]  # fmt: skip


def missing(words: Counter[str], timelines: int, nights: int) -> list[str]:
    """Return a sentence for each thing that too few of so many nights were about."""
    found = [f"no night had {word}" for word in _WORDS if not words[word]]
    if timelines < nights:
        found.append(f"{timelines} nights have a rule and several events, not {nights}")
    if words["told: alert by a rule"] < TELLING * nights:
        found.append(
            f"a rule tells an alert in {words['told: alert by a rule']} of {nights} nights, not in {TELLING:.0%}"
        )
    return found
