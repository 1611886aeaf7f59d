"""Random nights: whatever is asked about them, why-not has an answer, and never finds complete what the rule left out."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dispatcher.cli import main
from tests.support.pasts import Life

WHENS = (
    "{event: motion}",
    "{any: [{event: smoke}, {event: reading.temperature, where: {value: {above: 50}}}]}",
    "{count: {event: motion, at_least: 3}, within: 60s, group_by: [zone]}",
    "{count: {event: motion, at_least: 2, distinct: device}, within: 60s, reuse: true}",
    "{all: [{event: motion}, {event: smoke}, {unless: {event: door.open}}], within: 60s}",
    "{sequence: [{event: motion, at_least: 2, as: a}, {unless: {event: door.open}}, {event: smoke}], within: 60s}",
    "{sequence: [{event: motion, as: a}, {event: smoke, where: {zone: {same_as: a.zone}}}], within: 60s}",
    "{absent: {event: check_in}, for: 60s, expect_from: posts}",
    "{absent: {event: smoke}, after: {count: {event: motion, at_least: 2}, within: 30s}, within: 60s}",
    "{state: {s: v1}, for: 60s}",
    '{schedule: {at: "01:03"}}',
)
BESIDE = ("", "only_if: [{state: s, is: v1}]", "throttle: {once_within: 60s}", "suppressed_by: [other]", "mode: shadow")
KINDS = ("motion", "motion", "motion", "smoke", "door.open", "door.closed", "check_in", "reading.temperature")
THEN = "then: {escalate: precinct, incident: x, severity: low, message: m}"
STEPS = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(["pir-1", "smoke-1", "btn-2"]), st.sampled_from([0, 5_000, 20_000, 60_000])
)


def rules(when: str, beside: str) -> str:
    return (
        "\n- id: s1\n  when: {event: door.open}\n  then: {escalate: none, set: {s: v1}}\n"
        "- id: s2\n  when: {event: door.closed}\n  then: {escalate: none, set: {s: v2}}\n"
        f"- id: other\n  when: {{event: smoke}}\n  {THEN}\n- id: r\n  when: {when}\n  {THEN}\n  {beside}\n"
    )


def asked(folder: Path, second: int, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    at = f"01:{second // 60:02d}:{second % 60:02d}"
    assert main(["why-not", "r", "--at", at, "--data", str(folder), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a night that fails says what it is, and making it smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(WHENS),
    st.sampled_from(BESIDE),
    st.lists(STEPS, min_size=1, max_size=15),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_there_is_always_an_answer_and_it_agrees_with_the_journal(
    capsys: pytest.CaptureFixture[str],
    when: str,
    beside: str,
    steps: list[tuple[str, str, int]],
    places: list[float],
) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        life = Life(Path(name) / "pos-03", rules(when, beside))
        for kind, device, wait in steps:
            life.event(kind, device, value=60).wait(wait)
        folder = life.wait(5_000).end()
        known = max(0, life.desk.clock.run_ms - 12_000)  # up to the last mark of life
        for place in places:
            answer = asked(folder, int(place * known // 1000), capsys)
            assert answer["answer"] != "unexplained", answer["sentence"]
            assert answer["rule"] == "r"
