"""The engine against the brute-force oracle on random nights: so many, or for as long as you like.

``python -m tests.fuzz.windows --nights 50000`` plays so many on two processes, however long that takes; ``--seconds
600`` plays for so long. Both stop at the first difference, with its seed and a test file that shows it, and fail where
the nights had nothing to say about some word of the language.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.cli.timeline.model import Case, Entry, Step
from dispatcher.cli.timeline.testfile import parse_tests
from dispatcher.cli.timeline.world import World
from dispatcher.domain.faults import Place
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.domain.tree import Entry as Line
from dispatcher.domain.tree import Leaf, Node, Sequence, plain
from dispatcher.domain.tree import Mapping as Tree
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.outcome import Outcome
from dispatcher.rules.engine.state import EngineState
from dispatcher.rules.names import lenient_names, names_of
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.sitefile import parse_site
from tests.fuzz.windows_coverage import is_timeline, missing, words_of
from tests.fuzz.windows_matching import seconds
from tests.fuzz.windows_night import PER_RULES, Night, night
from tests.fuzz.windows_oracle import Oracle

Told = Counter[tuple[Any, ...]]
FIELDS = ("count", "post", "device", "zone", "kelurahan", "late", "severity")
CHUNK = 25 * PER_RULES
JOBS = min(2, os.cpu_count() or 1)
FAULTY = {"id": "faulty", "whenn": {"event": "motion"}, "then": {"escalate": "none"}}
_PLACE = Place("night")


@dataclass(slots=True)
class Tally:
    """How many nights there were, how many had each word in them, and the first that differed."""

    nights: int = 0
    timelines: int = 0
    words: Counter[str] = field(default_factory=Counter)
    differing: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count another one in."""
        self.nights += other.nights
        self.timelines += other.timelines
        self.words += other.words
        self.differing |= other.differing


# --- a night as a test file


def document(one: Night) -> dict[str, Any]:
    """Return a night as a test file."""
    steps = [*(_step(step) for step in one.steps), {"at": f"{one.end}s", "advance": "0s"}]
    case = {
        "name": "night",
        "start": one.start.at,
        "given": {"state": one.given},
        "steps": steps,
        "expect": [],
        "strict": True,
    }
    return {"site": one.site, "rules": one.rules, "tests": [case]}


def _step(step: dict[str, Any]) -> dict[str, Any]:
    at = {"at": f"{step['at']}s"}
    if "off" in step:
        untrusted = {"clock_untrusted": not step["trusted"]} if "trusted" in step else {}
        return {**at, "power_cut" if step["cut"] else "restart": f"{step['off']}s", **untrusted}
    if "clock" in step:
        return {**at, "clock_step": f"{step['clock']}s"}
    if "states" in step:
        return {**at, "set_state": step["states"]}
    if "trusted" in step:
        return {**at, "clock_untrusted": not step["trusted"]}
    if "reload" in step:
        return {**at, "reload": [FAULTY] if step["reload"] is None else step["reload"]}
    if "broker" in step:
        post = {"post": step["post"]} if step["post"] is not None else {}
        return {**at, "broker_down": f"{step['broker']}s", **post}
    if "watch" in step:
        until = {"until": f"{step['watch']['until']}s"} if "until" in step["watch"] else {}
        return {**at, "watch": {**step["watch"], **until}}
    more = {"happened": f"{step['happened']}s"} if "happened" in step else {}
    return {**step, **at, **more}


def tree(value: Any) -> Node:
    """Return plain values as the reader of YAML would."""
    if isinstance(value, dict):
        return Tree(_PLACE, tuple(Line(key, _PLACE, tree(one)) for key, one in value.items()))
    if isinstance(value, list):
        return Sequence(_PLACE, tuple(tree(one) for one in value))
    return Leaf(_PLACE, value)


# --- what the engine tells


class Forgetful(Engine):
    """Forgets after every step what no later event can need: that is to be harmless."""

    def on_time(self, state: EngineState, now: Stamp) -> Outcome:
        out = super().on_time(state, now)
        self.forget(state, now)
        return out


@lru_cache(maxsize=8)
def _site(site: str) -> Site:
    return parse_site(tree(json.loads(site)))


@lru_cache(maxsize=8)
def _engine(rules: str, site_text: str, forgetful: bool) -> Engine | None:
    """Return the engine of rules, or None where they are refused."""
    site = _site(site_text)
    names = lenient_names(names_of(site))
    ruleset, faults = parse_ruleset([tree({"version": 1, "rules": json.loads(rules)})], site, names=names)
    if faults:
        assert "whenn" in rules, [fault.render("en") for fault in faults]
        return None
    return (Forgetful if forgetful else Engine)(ruleset, site, ZoneInfo(site.timezone))


def _case(one: Night) -> Case:
    file = parse_tests(tree({"tests": document(one)["tests"]}), ZoneInfo(one.start.timezone))
    faults = [*file.faults, *file.cases[0].faults]
    assert not faults, [fault.render("en") for fault in faults]
    return file.cases[0]


def by_engine(one: Night, *, forgetful: bool = False) -> Told:
    """Return what the engine tells in a night."""

    site = json.dumps(one.site)

    def reload(step: Step) -> Engine | None:
        rules = step.value if isinstance(step.value, tuple) else ()
        return _engine(json.dumps([plain(rule) for rule in rules]), site, forgetful)

    engine = _engine(json.dumps(one.rules), site, forgetful)
    assert engine is not None
    entries = World(_site(site), engine, _case(one), reload, lambda _clause, _matched: None).play().entries
    return Counter(_row(entry) for entry in entries if entry.at <= one.end * 1000)


def _row(entry: Entry) -> tuple[Any, ...]:
    """Return what is compared of an entry: of a clearing and a command only where it was."""
    fields: Mapping[str, Any] = entry.fields
    values = {name: fields.get(name) for name in FIELDS} | {"late": bool(fields.get("late"))}
    if entry.name in ("floor", "device.unknown") or entry.sort in ("clear", "command"):
        values["count"] = None
    if entry.sort == "command":
        values["severity"] = None
    return entry.at / 1000, entry.sort, entry.name, *values.values()


# --- what the oracle tells


def by_oracle(one: Night) -> tuple[Told, set[str]]:
    """Return what the oracle tells in a night, and what of the text it was about."""
    site = {**one.site, "max_lateness": {kind: seconds(late) for kind, late in one.lateness.items()}}
    oracle = Oracle(site, one.rules, one.start.minute * 60, one.start.weekday, one.start.turn)
    told = Counter(entry[:-1] for entry in oracle.play(one.given, one.steps, one.end))
    return told, oracle.met


# --- many nights


def difference(seed: int, tally: Tally | None = None) -> str | None:
    """Return what differs in the night of a seed, or None; count the night."""
    one = night(seed)
    engine = by_engine(one, forgetful=seed % 2 == 1)
    oracle, met = by_oracle(one)
    if tally is not None:
        tally.nights += 1
        tally.timelines += is_timeline(one)
        tally.words.update(words_of(one, oracle, met))
    if engine == oracle:
        return None
    more = [f"  engine only: {entry}" for entry in sorted((engine - oracle).elements(), key=str)]
    less = [f"  oracle only: {entry}" for entry in sorted((oracle - engine).elements(), key=str)]
    return "\n".join([f"seed {seed}:", *more, *less])


def some(seeds: Iterable[int]) -> Tally:
    """Play nights here, up to the first that differs."""
    tally = Tally()
    for seed in seeds:
        found = difference(seed, tally)
        if found is not None:
            tally.differing[seed] = found
            break
    return tally


def _chunks(start: int, nights: int | None) -> Iterable[range]:
    """Yield seeds in pieces; without a number, without end."""
    first = start
    while nights is None or first < start + nights:
        yield range(first, first + CHUNK if nights is None else min(first + CHUNK, start + nights))
        first += CHUNK


def many(start: int, nights: int, jobs: int = JOBS) -> Tally:
    """Play so many nights from seed ``start`` on, or up to the first that differs."""
    whole = Tally()
    with get_context("fork").Pool(jobs) as pool:
        for tally in pool.imap(some, _chunks(start, nights)):
            whole.add(tally)
            if whole.differing:
                pool.terminate()
                break
    return whole


def for_so_long(start: int, length_s: float, jobs: int = JOBS) -> Tally:
    """Play nights from seed ``start`` on for so long, or up to the first that differs."""
    whole, until = Tally(), time.monotonic() + length_s
    while time.monotonic() < until and not whole.differing:
        whole.add(many(start + whole.nights, 8 * CHUNK * jobs, jobs))
    return whole


def report(tally: Tally, nights: int | None) -> int:
    """Print what was tried and what differed; return the exit code. Seldom words must have come up in a counted run."""
    print(f"{tally.timelines} timelines of {tally.nights} nights in which was, on how many:")
    for word, number in sorted(tally.words.items()):
        print(f"  {number:7} {word}")
    for seed, found in sorted(tally.differing.items()):
        path = Path(f"night-{seed}.test.yaml")
        path.write_text(json.dumps(document(night(seed)), indent=1))
        print(f"{found}\nwritten to {path}")
    lacking = [] if nights is None or tally.differing else missing(tally.words, tally.timelines, nights)
    for sentence in lacking:
        print(sentence)
    return 1 if lacking or tally.differing else 0


def main(arguments: list[str] | None = None) -> int:
    """Play nights until there are enough or one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, help="so many timelines")
    parser.add_argument("--seconds", type=float, default=60, help="without --nights: for so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="write the night of --seed as a test file and end")
    options = parser.parse_args(arguments)
    if options.show:
        print(json.dumps(document(night(options.seed)), indent=1))
        return 0
    if options.nights is None:
        return report(for_so_long(options.seed, options.seconds), None)
    return report(many(options.seed, options.nights), options.nights)


if __name__ == "__main__":
    sys.exit(main())
