"""The engine against the brute-force oracle on random nights, for as long as you like.

``python -m tests.fuzz.windows --seconds 600`` prints the nights tried and stops at the first difference, with its seed
and a test file that shows it.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.cli.timeline.model import Step
from dispatcher.cli.timeline.testfile import parse_tests
from dispatcher.cli.timeline.world import World
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.names import lenient_names
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.yamlfile import read_text
from tests.fuzz.windows_night import SITE, START, START_WALL, Dice, Night
from tests.fuzz.windows_oracle import Oracle, seconds

Told = Counter[tuple[Any, ...]]
_SITE = parse_site(read_text(json.dumps(SITE), "site.yaml"))
_TZ = ZoneInfo("Asia/Jakarta")


def document(night: Night) -> dict[str, Any]:
    """Return a night as a test file."""
    steps = [*(_step(step) for step in night.steps), {"at": f"{night.end}s", "advance": "0s"}]
    case = {
        "name": "night",
        "start": START,
        "given": {"state": night.given},
        "steps": steps,
        "expect": [],
        "strict": True,
    }
    return {"site": SITE, "rules": night.rules, "tests": [case]}


def _step(step: dict[str, Any]) -> dict[str, Any]:
    at = {"at": f"{step['at']}s"}
    if "off" in step:
        return {**at, "power_cut": f"{step['off']}s"}
    if "clock" in step:
        return {**at, "clock_step": f"{step['clock']}s"}
    if "states" in step:
        return {**at, "set_state": step["states"]}
    more = {"happened": f"{step['happened']}s"} if "happened" in step else {}
    return {**step, **at, **more}


def by_engine(night: Night) -> Told:
    """Return what the engine tells in a night."""
    whole = document(night)
    rules, faults = parse_ruleset(
        [read_text(json.dumps({"version": 1, "rules": night.rules}), "r.yaml")], _SITE, names=lenient_names(_SITE)
    )
    assert not faults, [fault.render("en") for fault in faults]
    file = parse_tests(read_text(json.dumps(whole), "t.yaml"), _TZ)
    assert not file.faults
    assert not file.cases[0].faults, [fault.render("en") for fault in file.cases[0].faults]
    world = World(_SITE, Engine(rules, _SITE, _TZ), file.cases[0], _no_reload, lambda _clause, _matched: None)
    return Counter(
        (e.at / 1000, e.sort, e.name, e.fields.get("post"), _count(e.sort, e.name, e.fields), e.fields.get("device"))
        for e in world.play().entries
        if e.sort != "command" and e.at <= night.end * 1000
    )


def _count(sort: str, name: str, fields: Any) -> Any:
    return None if sort == "clear" or name == "floor" else fields.get("count")


def _no_reload(_step: Step) -> None:
    return None


def by_oracle(night: Night) -> Told:
    """Return what the oracle tells in a night."""
    site = {**SITE, "max_lateness": {kind: seconds(late) for kind, late in SITE["max_lateness"].items()}}
    oracle = Oracle(site, night.rules, START_WALL)
    return Counter(entry[:6] for entry in oracle.play(night.given, night.steps, night.end))


def difference(seed: int) -> str | None:
    """Return what differs in the night of a seed, or None."""
    night = Dice(seed).night()
    engine, oracle = by_engine(night), by_oracle(night)
    if engine == oracle:
        return None
    more = [f"  engine only: {entry}" for entry in sorted((engine - oracle).elements(), key=str)]
    less = [f"  oracle only: {entry}" for entry in sorted((oracle - engine).elements(), key=str)]
    return "\n".join([f"seed {seed}:", *more, *less])


def main() -> int:
    """Try nights until the time is over or one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="write the night of --seed as a test file and end")
    options = parser.parse_args()
    if options.show:
        print(json.dumps(document(Dice(options.seed).night()), indent=1))
        return 0
    seed, until = options.seed, time.monotonic() + options.seconds
    while time.monotonic() < until:
        found = difference(seed)
        if found is not None:
            print(found)
            Path(f"night-{seed}.test.yaml").write_text(json.dumps(document(Dice(seed).night()), indent=1))
            return 1
        seed += 1
    print(f"{seed - options.seed} nights from seed {options.seed}, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
