"""What a rule would forget if it began anew, counted in things that a technician knows."""

from pathlib import Path

import pytest

from dispatcher.post.release.losses import NOTHING, Loss, loss_of
from dispatcher.post.release.running import running
from tests.support.workbench import CROWD, Lived, write_post, write_rules

THEN = 'then: {escalate: precinct, incident: x, severity: low, message: "x"}'
RULES = {
    "a count has events": (CROWD, "ramai", Loss(events=2)),
    "an after waits": (
        f"- id: x\n  when: {{absent: {{event: smoke}}, after: {{event: motion}}, within: 30m}}\n  {THEN}\n",
        "x",
        Loss(waits=2),
    ),
    "a silence is timed": (
        f"- id: x\n  when: {{absent: {{event: check_in}}, for: 30m, expect_from: [pos-03]}}\n  {THEN}\n",
        "x",
        Loss(silences=1),
    ),
    "a condition is open": (
        f"- id: x\n  when: {{event: motion}}\n  clear_when: {{event: smoke}}\n  {THEN}\n",
        "x",
        Loss(conditions=1),
    ),
    "a throttle runs": (
        f"- id: x\n  when: {{event: motion}}\n  throttle: {{once_within: 30m}}\n  {THEN}\n",
        "x",
        Loss(throttles=1),
    ),
    "a throttle is over": (
        f"- id: x\n  when: {{event: motion}}\n  throttle: {{once_within: 1s}}\n  {THEN}\n",
        "x",
        NOTHING,
    ),
    "all gathers what has come": (
        f"- id: x\n  when: {{all: [{{event: motion}}, {{event: smoke}}], within: 30m}}\n  {THEN}\n",
        "x",
        Loss(events=2),
    ),
    "a sequence has begun": (
        f"- id: x\n  when: {{sequence: [{{event: motion}}, {{event: smoke}}], within: 30m}}\n  {THEN}\n",
        "x",
        Loss(events=2),
    ),
}


@pytest.mark.parametrize(("rules", "rule", "loss"), RULES.values(), ids=RULES)
def test_what_a_rule_remembers_is_counted_by_its_sort(tmp_path: Path, rules: str, rule: str, loss: Loss) -> None:
    write_post(tmp_path)
    write_rules(tmp_path, rules)
    lived = Lived(tmp_path)
    lived.see(2, every_s=5)
    lived.close()
    found = running(lived.settings)
    assert found is not None
    assert found.state is not None
    assert found.rules.keys() == {rule}
    assert loss_of(found.state.rules[rule], found.rules[rule], found.now.run_ms) == loss


def test_a_rule_that_nobody_has_met_forgets_nothing() -> None:
    assert not loss_of(None, None, 0)
