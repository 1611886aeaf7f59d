"""Nights that failed once: whole plans, one JSON line each, since a seed means another night when the draw changes."""

import json
from dataclasses import asdict
from pathlib import Path

from tests.simulation.plan import Plan, Step

FILE = Path(__file__).with_name("seeds.txt")


def write(plan: Plan) -> str:
    """Return a plan as the line that keeps it."""
    body = asdict(plan)
    body["steps"] = [[step.what, step.at_ms, step.for_ms, step.place, step.nth, step.post] for step in plan.steps]
    return json.dumps(body)


def read(line: str) -> Plan:
    """Return the plan that ``write`` wrote."""
    body = json.loads(line)
    return Plan(**{**body, "steps": tuple(Step(*step) for step in body["steps"])})


def kept() -> list[tuple[str, Plan]]:
    """Return the kept nights, each with the words above it."""
    found: list[tuple[str, Plan]] = []
    why = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            why = line.removeprefix("# ")
        elif line.strip():
            found.append((why, read(line)))
    return found
