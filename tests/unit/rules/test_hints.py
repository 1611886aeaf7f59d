"""What a rule's fault tells its writer to do, in the words of somebody who is no programmer."""

from __future__ import annotations

import pytest

from tests.unit.rules.test_refusals import faults_of, rule, then, when

THEN = "then: {escalate: precinct, incident: x, severity: low}"

HINTS = [
    (then("{escalate: precinct, incident: x, severity: tinggi}"), "maksud Anda high?"),
    (then("{escalate: polsek, incident: x, severity: low}"), "maksud Anda precinct?"),
    (then("{escalate: damkar, incident: x, severity: low}"), "maksud Anda fire?"),
    (then("{escalate: precinct, incident: x, severity: low, actions: [sirine.on]}"), "maksud Anda siren?"),
    (then("{escalate: precinct, incident: x, severity: low, avs: '3'}"), "tanpa tanda kutip"),
    (when("{event: gerakan}"), "maksud Anda motion?"),
    (when("{event: tawuran}"), "maksud Anda report.tawuran?"),
    (when("{event: motion, where: {zoen: a}}"), "maksud Anda zone?"),
    (when("{count: {event: motion, minimal: 3}, within: 1m}"), "maksud Anda at_least?"),
    (when("{count: {event: motion, at_least: '3'}, within: 1m}"), "tanpa tanda kutip"),
    (when("{count: {event: motion, at_least: 3}, within: 3 menit}"), "10m menit"),
    (when("{absent: {event: check_in}, for: 1h, expect_from: pos}"), "maksud Anda posts?"),
    (rule("when: {event: motion}", THEN, "only_if: [{days: [jumat]}]"), "maksud Anda fri?"),
    (rule("when: {event: motion}", THEN, "enabled: tidak"), "tulis true atau false, tanpa tanda kutip"),
    (rule("when: {event: motion}", "Then: {escalate: none}"), "maksud Anda then?"),
    (rule("when: {count: {event: motion, at_least: 3}}", "within: 1m", THEN), "tempatnya di dalam when"),
    (rule("when: {event: motion}", THEN, "severity: low"), "tempatnya di dalam then"),
    (then("{escalate: precinct, incident: x, severity: low, throttle: {once_within: 1m}}"), "sejajar dengan when dan then"),
    (
        when("{count: {event: report.x, at_least: 3}, within: 1m, neighbours: true}"),
        "di sini harus kelurahan, bukan true",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), HINTS, ids=[told for _, told in HINTS])
def test_a_fault_says_what_to_do_in_indonesian(text: str, told: str) -> None:
    assert told in "\n".join(fault.render("id") for fault in faults_of(text))
