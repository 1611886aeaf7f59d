"""A post's standing as tests change it: all is well, until one thing is not."""

from dataclasses import replace
from typing import Any

from dispatcher.post.standing import (
    Broker,
    ClockLine,
    DeviceLine,
    DiskLine,
    LaneLine,
    MatcherLine,
    RuleLine,
    RuleSet,
    Standing,
    StartLine,
)

AT_MS = 1_796_000_000_000
DAY_S = 86_400
WELL = Standing(
    post="pos-03",
    at_ms=AT_MS,
    timezone="Asia/Jakarta",
    version="0.1.0",
    instance="i",
    up_s=8 * DAY_S,
    known_s=30 * DAY_S,
    clock=ClockLine(trusted=True, since_s=8 * DAY_S, trust="kernel"),
    disk=DiskLine("good", 12 * 2**30, 64 * 2**20, 120 * 2**20, 0, 5_000, 4.0, 10.0),
    brokers=tuple(Broker(name, "subscribed", 8 * DAY_S, ever=True) for name in ("panic", "rest", "precinct")),
    lanes=tuple(LaneLine(name) for name in ("panic", "precinct", "rest", "rules")),
    matcher=MatcherLine("engine", "durable_rules"),
    rules=RuleSet(
        "aaaaaaaaaaaa",
        "bbbbbbbbbbbb",
        count=2,
        in_files="aaaaaaaaaaaa",
        wanted=2,
        lines=(
            RuleLine("ramai", "Ramai", "live", "window", 0, 3, fired_s=3_600, known_s=8 * DAY_S, file="ramai.yaml:3:3"),
            RuleLine("asap", "Asap", "live", "instant", fired_s=7_200, known_s=8 * DAY_S, file="asap.yaml:3:3"),
        ),
    ),
    devices=(
        DeviceLine("btn-1", "panic_button", "kentongan", heard_s=3_600),
        DeviceLine("pir-1", "motion", "zigbee2mqtt", heard_s=60),
        DeviceLine("lamp-1", "lamp", "kentongan"),
    ),
    starts=(StartLine(8 * DAY_S, AT_MS - 8 * DAY_S * 1000, trusted=True, program="0.1.0", off_s=2),),
)


def well(**changes: Any) -> Standing:
    """Return a post with which all is well but for some fields."""
    return replace(WELL, **changes)


def with_rules(**changes: Any) -> Standing:
    """Return one whose rule set is otherwise."""
    return replace(WELL, rules=replace(WELL.rules, **changes))
