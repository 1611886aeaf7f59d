"""From a story that fails to the shortest one that still fails the same way."""

from dataclasses import replace

from tests.simulation.night import Outcome, run
from tests.simulation.plan import Plan

LUCKS = 3  # other draws of delays to try, once nothing more can be left out


def shrink(failed: Outcome) -> Outcome:
    """Leave out what is not needed, and return the night that is left, with its trace."""
    assert failed.violation is not None
    name, plan = failed.violation.name, failed.plan
    for size in (8, 4, 2, 1, 1):
        plan = _leave_out(plan, name, size)
    return run(plan, keep_trace=True)


def _leave_out(plan: Plan, name: str, size: int) -> Plan:
    at = 0
    while at < len(plan.steps):
        shorter = replace(plan, steps=plan.steps[:at] + plan.steps[at + size :])
        if _fails(shorter, name):
            plan = shorter
        else:
            at += size
    return plan


def _fails(plan: Plan, name: str) -> bool:
    violation = run(plan).violation
    return violation is not None and violation.name == name
