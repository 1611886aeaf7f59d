"""Rules of every form for the measurements, and test cases for them, as plain dicts: JSON is YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Rule = dict[str, Any]

KINDS = ("motion", "door.open", "door.closed", "vibration")
DEVICES = 20
SITE: dict[str, Any] = {
    "timezone": "Asia/Jakarta",
    "precinct": {"id": "p"},
    "kelurahan": [{"id": "k1"}],
    "posts": [{"id": "pos-1", "kelurahan": "k1"}],
    "devices": [
        {"id": f"d-{n}", "profile": "kentongan", "role": "motion", "post": "pos-1", "zone": "abcd"[n % 4]}
        for n in range(DEVICES)
    ],
}
THEN = {"escalate": "precinct", "incident": "suspicious", "severity": "low", "message": "{device} {zone}"}


def rules(number: int) -> list[Rule]:
    """Return so many rules, each with a window; every event of a kind of ours falls into all of them."""
    return [{"id": f"r-{n}", "when": _FORMS[n % len(_FORMS)](n), "then": THEN} for n in range(number)]


def _clause(n: int, **more: Any) -> Rule:
    return {"event": list(KINDS), "where": {"lux": {"below": 400 + n}}, **more}


def _count(n: int) -> Rule:
    return {"count": {**_clause(n), "at_least": 5 + n % 50}, "within": "10m"}


def _grouped(n: int) -> Rule:
    return {"count": {**_clause(n), "at_least": 5 + n % 50}, "within": "30m", "group_by": ["zone"]}


def _distinct(n: int) -> Rule:
    return {"count": {**_clause(n), "at_least": 3 + n % 15, "distinct": "device"}, "within": "10m"}


def _sequence(n: int) -> Rule:
    second = {"event": "door.open", "where": {"zone": {"same_as": "first.zone"}, "lux": {"above": 390}}}
    return {"sequence": [_clause(n, **{"as": "first"}), second, {"event": "vibration"}], "within": "10m"}


def _all(n: int) -> Rule:
    return {"all": [_clause(n), {"event": "door.open"}, {"event": "vibration", "at_least": 2}], "within": "5m"}


def _unless(n: int) -> Rule:
    parts = [_clause(n), {"unless": {"event": "door.closed"}}, {"event": "door.open", "where": {"lux": {"above": 380}}}]
    return {"sequence": parts, "within": "10m", "group_by": ["device"]}


def _after(n: int) -> Rule:
    return {"absent": {"event": "door.closed"}, "after": _clause(n), "within": "2m", "group_by": ["device"]}


def _reuse(n: int) -> Rule:
    return {"count": {**_clause(n), "at_least": 300}, "within": "1h", "reuse": True}


_FORMS = (_count, _grouped, _distinct, _sequence, _all, _unless, _after, _reuse)


def plain_rules(number: int) -> list[Rule]:
    """Return so many rules on single events, as most of a rule set is."""
    return [
        {"id": f"p-{n}", "when": {"event": KINDS[n % 4], "where": {"lux": {"above": n}, "zone": "abcd"[n % 3]}}, "then": THEN}
        for n in range(number)
    ]  # fmt: skip


def cases(number: int) -> list[dict[str, Any]]:
    """Return so many test cases for one rule, with a power cut in each, which no more and no less than fire once."""
    steps = [
        {"at": "0s", "event": "motion", "device": "d-1", "lux": 1},
        {"at": "50s", "event": "motion", "device": "d-2", "lux": 2},
        {"at": "55s", "power_cut": "3s"},
        {"at": "60s", "event": "motion", "device": "d-1", "lux": 3},
    ]
    expect = [{"at": "60s", "alert": "three", "count": 3}]
    return [
        {"name": f"case {n}", "start": "2026-11-24T01:00:00+07:00", "steps": steps, "expect": expect}
        for n in range(number)
    ]


def write(folder: Path, *, checked: int, tested: int) -> None:
    """Write a rule file of ``checked`` rules, and test files with ``tested`` cases in all."""
    (folder / "rules").mkdir()
    (folder / "tests").mkdir()
    half = checked // 2
    _dump(folder / "site.yaml", SITE)
    _dump(folder / "rules" / "windows.yaml", {"version": 1, "rules": rules(half)})
    _dump(folder / "rules" / "events.yaml", {"version": 1, "rules": plain_rules(checked - half)})
    three = {"count": {"event": "motion", "at_least": 3}, "within": "60s"}
    rest = {"site": "../site.yaml", "rules": [{"id": "three", "when": three, "then": THEN}, *rules(20)]}
    for n in range(10):
        _dump(folder / "tests" / f"t{n}.test.yaml", {**rest, "tests": cases(tested // 10)})


def _dump(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1), "utf-8")
