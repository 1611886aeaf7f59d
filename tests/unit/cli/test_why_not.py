"""``kentongan why-not``: every form of rule that nearly fired, held back, or could not be judged, over lived nights.

Each night begins at 01:00:00 local time on Monday 2026-11-30.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli import main
from dispatcher.domain.incident import Stage
from tests.support.pasts import NIGHT, SITE_YAML, Life, night_of_the_handbook

Live = Callable[..., Life]
Ask = Callable[..., dict[str, Any]]
THEN = "then: {escalate: precinct, incident: x, severity: low, message: m}"
SECOND, MINUTE = 1_000, 60_000


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """Return how to begin a post with rules: one rule's ``when`` and more keys, or a whole list."""

    def begin(when: str = "", more: str = "", rules: str = "", site: str = SITE_YAML) -> Life:
        text = rules or f"\n- id: r\n  when: {when}\n  {THEN}\n" + "".join(f"  {line}\n" for line in more.splitlines())
        return Life(tmp_path / "pos-03", text, site)

    return begin


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return how to ask why not."""

    def why_not(life: Life | Path, at: str, rule: str = "r", code: int = 0) -> dict[str, Any]:
        folder = life if isinstance(life, Path) else life.end()
        capsys.readouterr()
        assert main(["why-not", rule, "--at", at, "--data", str(folder), "--json"]) == code
        done = capsys.readouterr()
        return dict(json.loads(done.out)) if code == 0 else {"sentence": done.err}

    return why_not


# --- event and any


def test_an_event_whose_value_was_too_small_is_told_with_its_value(live: Live, ask: Ask) -> None:
    life = live("{event: reading.temperature, where: {value: {above: 57}, zone: meja}}").wait(10 * MINUTE)
    life.event("reading.temperature", "smoke-1", value=41).wait(MINUTE)
    answer = ask(life, "01:10")
    assert answer["sentence"].endswith(
        "reading.temperature smoke-1 came at 01:10:00, but value = 41 (value: {above: 57} is wanted)."
    )
    assert answer["nearest"]["have"] == 0


def test_an_event_that_lacks_a_field_is_told_as_such(live: Live, ask: Ask) -> None:
    life = live("{event: reading.temperature, where: {value: {above: 57}}}").wait(MINUTE)
    life.event("reading.temperature", "smoke-1").wait(MINUTE)
    assert "value = -" in ask(life, "01:01")["sentence"]


def test_no_event_at_all_says_when_its_kind_came_last(live: Live, ask: Ask) -> None:
    life = live("{any: [{event: smoke}, {event: heat}]}").event("smoke", "smoke-1").wait(60 * MINUTE)
    assert "no smoke came between 01:50:00" in ask(life, "02:00")["sentence"]
    assert "(that kind came last at 01:00:00)" in ask(life, "02:00")["sentence"]


def test_an_event_a_little_later_is_named_with_its_time(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(5 * MINUTE).event().wait(MINUTE)
    assert ask(life, "01:02")["sentence"].endswith("motion came at 01:05:00, not then.")


# --- count


def test_two_of_three_motions_and_the_third_came_too_late(live: Live, ask: Ask) -> None:
    life = live("{count: {event: motion, at_least: 3}, within: 60s}").wait(MINUTE)
    life.event().wait(20 * SECOND).event().wait(44 * SECOND).event().wait(MINUTE)
    answer = ask(life, "01:01")
    assert "2 of 3 motion within 60 s; the third came 64 s after the first" in answer["sentence"]
    assert answer["nearest"] == {"key": "count", "have": 2, "need": 3, "at": "2026-11-30T01:01:20.000+07:00"}
    assert [line["text"][:10] for line in answer["evidence"]["near"]] == ["01:01:00 m", "01:01:20 m", "> 01:02:04"]


def test_one_motion_and_no_other(live: Live, ask: Ask) -> None:
    life = live("{count: {event: motion, at_least: 3}, within: 60s}").wait(MINUTE).event().wait(3 * MINUTE)
    assert "1 of 3 motion within 60 s; no other came until 01:04:00" in ask(life, "01:01")["sentence"]


def test_events_spread_over_groups_are_told_by_group(live: Live, ask: Ask) -> None:
    life = live("{count: {event: tamper, at_least: 3}, within: 60s, group_by: [device]}").wait(MINUTE)
    for device in ("pir-1", "smoke-1", "pir-1"):
        life.event("tamper", device).wait(SECOND)
    answer = ask(life, "01:01")
    assert "2 of 3 tamper" in answer["sentence"]
    assert "counted by device: pir-1 2, smoke-1 1" in [line["text"] for line in answer["evidence"]["near"]]


def test_the_same_device_twice_is_one_of_two_different_ones(live: Live, ask: Ask) -> None:
    life = live("{count: {event: tamper, at_least: 2, distinct: device}, within: 60s}").wait(MINUTE)
    life.event("tamper").wait(SECOND).event("tamper").wait(5 * MINUTE).event("tamper", "smoke-1").wait(MINUTE)
    sentence = ask(life, "01:01")["sentence"]
    assert "1 of 2 tamper (different device) within 60 s; the second came 5 m" in sentence


def test_events_that_a_firing_used_up_do_not_count_again(live: Live, ask: Ask) -> None:
    life = live("{count: {event: motion, at_least: 2}, within: 120s}").wait(50 * SECOND)
    life.event().wait(5 * SECOND).event().wait(10 * SECOND).event().wait(5 * MINUTE)
    answer = ask(life, "01:01")
    assert "1 of 2 motion" in answer["sentence"]
    assert any(line["key"] == "spent" for line in answer["evidence"]["notes"])


# --- all and sequence


def test_one_of_two_clauses_and_the_other_too_late(live: Live, ask: Ask) -> None:
    life = live("{all: [{event: vibration}, {event: motion}], within: 60s}").wait(MINUTE)
    life.event("vibration").wait(3 * MINUTE).event("motion").wait(MINUTE)
    assert "1 of 2 clauses within 60 s; motion came 3 m after the first" in ask(life, "01:01")["sentence"]


def test_an_all_that_was_voided_names_what_voided_it(live: Live, ask: Ask) -> None:
    life = live("{all: [{event: vibration}, {event: motion}, {unless: {event: smoke}}], within: 60s}").wait(MINUTE)
    life.event("vibration").wait(SECOND).event("smoke", "smoke-1").wait(SECOND).event().wait(MINUTE)
    assert "voided by unless: smoke smoke-1 at 01:01:01" in ask(life, "01:01")["sentence"]


def test_a_sequence_in_the_wrong_order_lacks_its_second_step(live: Live, ask: Ask) -> None:
    life = live("{sequence: [{event: smoke}, {event: heat}], within: 3m}").wait(MINUTE)
    life.event("heat", "smoke-1").wait(SECOND).event("smoke", "smoke-1").wait(10 * MINUTE)
    assert "1 of 2 steps (smoke) within 3 m; heat did not come" in ask(life, "01:01")["sentence"]


def test_a_sequence_whose_second_step_came_too_late(live: Live, ask: Ask) -> None:
    life = live("{sequence: [{event: smoke}, {event: heat}], within: 60s}").wait(MINUTE)
    life.event("smoke", "smoke-1").wait(70 * SECOND).event("heat", "smoke-1").wait(MINUTE)
    assert "heat came 70 s after the first" in ask(life, "01:01")["sentence"]


def test_a_sequence_that_was_voided_names_what_voided_it(live: Live, ask: Ask) -> None:
    life = live("{sequence: [{event: smoke}, {unless: {event: check_in}}, {event: heat}], within: 60s}").wait(MINUTE)
    life.event("smoke", "smoke-1").wait(SECOND).event("check_in", "btn-2").wait(SECOND).event("heat", "smoke-1")
    assert "voided by unless: check_in btn-2 at 01:01:01" in ask(life.wait(MINUTE), "01:01")["sentence"]


def test_a_step_that_compares_with_another_place_is_not_this_one(live: Live, ask: Ask) -> None:
    when = "{sequence: [{event: smoke, as: a}, {event: heat, where: {zone: {same_as: a.zone}}}], within: 60s}"
    life = live(when).wait(MINUTE).event("smoke", "smoke-1").wait(SECOND).event("heat", "pir-1").wait(MINUTE)
    assert "1 of 2 steps (smoke)" in ask(life, "01:01")["sentence"]


# --- absent


def test_a_silence_that_was_too_short_says_when_it_would_have_been_long_enough(live: Live, ask: Ask) -> None:
    life = live("{absent: {event: check_in}, for: 45m, expect_from: posts}").wait(5 * MINUTE)
    life.event("check_in", "btn-2").wait(30 * MINUTE)
    sentence = ask(life, "01:20")["sentence"]
    assert "check_in from pos-03 came at 01:05:00: 15 m of 45 m only, at the earliest 01:50:00" in sentence


def test_a_silence_is_told_once(live: Live, ask: Ask) -> None:
    life = live("{absent: {event: check_in}, for: 5m, expect_from: posts}").wait(20 * MINUTE)
    answer = ask(life, "01:15")
    assert "does not repeat itself" in answer["sentence"]
    assert "that was judged at 01:05:00, once for one silence" in answer["sentence"]


def test_a_silence_that_spans_a_power_cut_is_unknown(live: Live, ask: Ask) -> None:
    life = live("{absent: {event: check_in}, for: 30m, expect_from: posts}").wait(10 * MINUTE)
    life.desk.clock.wait(10 * MINUTE)
    life.restart(downtime_known=True, downtime_ms=10 * MINUTE).wait(30 * MINUTE)
    answer = ask(life, "01:30")
    assert answer["reason"] == "unknown"
    assert "the post was off 01:10:00-01:20:00 within that silence; its time runs anew" in answer["sentence"]
    assert "counts from 01:20:00" in ask(life, "01:40")["sentence"]


def test_a_daily_span_names_who_was_heard_in_it(live: Live, ask: Ask) -> None:
    life = live('{absent: {event: roll_call}, between: ["01:05", "01:10"], expect_from: posts}').wait(7 * MINUTE)
    life.event("roll_call", "btn-2").wait(10 * MINUTE)
    assert "roll_call came between 01:05-01:10: pos-03 01:07:00" in ask(life, "01:10")["sentence"]
    assert "it is judged each day at the end of 01:05-01:10" in ask(life, "01:15")["sentence"]


def test_a_wait_names_what_ended_it(live: Live, ask: Ask) -> None:
    life = live("{absent: {event: check_in}, after: {event: door.open}, within: 5m}").wait(MINUTE)
    life.event("door.open").wait(40 * SECOND).event("check_in", "btn-2").wait(10 * MINUTE)
    assert (
        "after door.open pir-1 at 01:01:00 check_in came within 40 s (the limit is 5 m)"
        in ask(life, "01:06")["sentence"]
    )


def test_a_wait_that_did_not_begin_says_what_was_missing_to_begin(live: Live, ask: Ask) -> None:
    when = "{absent: {event: check_in}, after: {count: {event: motion, at_least: 3}, within: 60s}, within: 5m}"
    life = live(when).wait(MINUTE).event().wait(SECOND).event().wait(10 * MINUTE)
    assert "it began no wait: 2 of 3 motion within 60 s; no other came" in ask(life, "01:06")["sentence"]


def test_a_wait_that_still_runs_says_until_when(live: Live, ask: Ask) -> None:
    life = live("{absent: {event: check_in}, after: {event: door.open}, within: 5m}").wait(MINUTE)
    life.event("door.open").wait(2 * MINUTE)
    assert "it waits until 01:06:00" in ask(life, "01:02")["sentence"]


# --- state and schedule

MANNED = """
- id: manned
  when: {event: check_in}
  then: {escalate: none, set: {post_status: manned}}
- id: unmanned
  when: {event: tamper}
  then: {escalate: none, set: {post_status: unmanned}}
"""


def test_a_state_that_was_another_names_it_and_the_rule_that_set_it(live: Live, ask: Ask) -> None:
    rules = MANNED + f"- id: r\n  when: {{state: {{post_status: unmanned}}, for: 5m}}\n  {THEN}\n"
    life = live(rules=rules).wait(MINUTE).event("check_in", "btn-2").wait(10 * MINUTE)
    assert "post_status was not unmanned: manned since 01:01:00 (rule manned)" in ask(life, "01:05")["sentence"]
    life.event("tamper").wait(3 * MINUTE)
    assert "3 m 0" not in (sentence := ask(life, "01:13")["sentence"])
    assert "of 5 m only, at the earliest 01:16:00" in sentence


def test_a_schedule_says_its_hour_and_its_days(live: Live, ask: Ask) -> None:
    life = live('{schedule: {at: "01:05", days: [sat]}}').wait(10 * MINUTE)
    assert "mon is none of its days (sat)" in ask(life, "01:05")["sentence"]
    assert "it is for 01:05; the nearest is 2026-11-28 01:05:00" in ask(life, "01:09")["sentence"]


def test_a_schedule_waits_while_the_clock_is_not_trusted(live: Live, ask: Ask) -> None:
    life = live('{schedule: {at: "01:05"}}')
    life.desk.clock.trusted = False
    answer = ask(life.wait(10 * MINUTE), "01:05")
    assert "the clock was not trusted: the hour waits" in answer["sentence"]
    assert answer["evidence"]["clock"][0]["key"] == "doubtful"


# --- what held a complete rule back


def test_only_if_that_was_not_so_is_told_with_what_it_was(live: Live, ask: Ask) -> None:
    rules = MANNED + (
        f"- id: r\n  when: {{event: motion}}\n  only_if: [{{state: post_status, is: unmanned}}, "
        f'{{between: ["00:00", "05:00"]}}, {{days: [mon]}}, {{watch: tawuran}}]\n  {THEN}\n'
    )
    life = live(rules=rules).event("check_in", "btn-2").wait(MINUTE).event().wait(MINUTE)
    answer = ask(life, "01:01")
    assert answer["reason"] == "held"
    assert "state post_status is unmanned: manned since 01:00:00 (rule manned)" in answer["sentence"]
    assert "watch tawuran: no watch was open here" in answer["sentence"]
    assert [line["values"]["mark"] for line in answer["evidence"]["only_if"]] == ["x", "+", "+", "x"]


def test_a_near_match_says_that_only_if_was_not_so_either(ask: Ask, tmp_path: Path) -> None:
    sentence = ask(night_of_the_handbook(tmp_path / "pos-03"), "01:10", "ramai")["sentence"]
    assert "2 of 3 motion within 60 s; the third came 64 s after the first" in sentence
    assert "state post_status is unmanned: manned since 01:00:00 (rule pos-berjaga)" in sentence


def test_a_throttle_says_from_when_to_when(live: Live, ask: Ask) -> None:
    life = live("{event: motion}", "throttle: {once_within: 10m}").wait(MINUTE)
    life.event().wait(4 * MINUTE).event().wait(MINUTE)
    assert "throttled for 10 m: alerted first at 01:01:00, until 01:11:00" in ask(life, "01:05")["sentence"]


def test_an_open_condition_says_that_clear_when_has_not_come(live: Live, ask: Ask) -> None:
    life = live("{event: motion}", "clear_when: {event: check_in}").wait(MINUTE)
    life.event().wait(4 * MINUTE).event().wait(MINUTE)
    assert "its condition is still open since 01:01:00: clear_when has not come" in ask(life, "01:05")["sentence"]


def test_a_suppressed_rule_names_the_other_and_its_time(live: Live, ask: Ask) -> None:
    rules = f"\n- id: fire\n  when: {{event: smoke}}\n  {THEN}\n- id: r\n  when: {{event: motion}}\n  suppressed_by: [fire]\n  {THEN}\n"
    life = live(rules=rules).wait(MINUTE).event("smoke", "smoke-1").wait(4 * MINUTE).event().wait(MINUTE)
    answer = ask(life, "01:05")
    assert answer["reason"] == "suppressed"
    assert "the incident of fire from 01:01:00 was still open" in answer["sentence"]


def test_a_shadow_rule_was_complete_and_told_nobody(live: Live, ask: Ask) -> None:
    life = live("{event: motion}", "mode: shadow").wait(MINUTE).event().wait(MINUTE)
    answer = ask(life, "01:01")
    assert (answer["reason"], answer["shadow"]) == ("shadow", True)
    assert "mode: shadow tells nobody" in answer["sentence"]


def test_a_rule_that_did_alert_says_so(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(MINUTE).event().wait(MINUTE)
    assert "Rule r did alert precinct at 2026-11-30 01:01:00: motion pir-1" in ask(life, "01:01")["sentence"]


# --- what is no matter of events


def test_an_event_that_came_too_late_moved_no_window(live: Live, ask: Ask) -> None:
    site = SITE_YAML.replace("role: motion,", "role: motion, clock: trusted,") + "max_lateness: {motion: 30s}\n"
    life = live("{count: {event: motion, at_least: 1}, within: 60s}", site=site).wait(10 * MINUTE)
    life.late("motion", 120 * SECOND).wait(MINUTE)
    answer = ask(life, "01:10")
    assert [line["key"] for line in answer["evidence"]["notes"]] == ["too_late"]
    assert "motion pir-1 at 01:10:00 came 2 m late (max_lateness)" in answer["evidence"]["notes"][0]["text"]


def test_a_changed_rule_does_not_count_what_came_before(live: Live, ask: Ask) -> None:
    when = "{count: {event: motion, at_least: 3}, within: 120s}"
    life = live(when).wait(MINUTE).event().wait(SECOND).event().wait(5 * SECOND)
    life.restart(f"\n- id: r\n  when: {when.replace('120s', '121s')}\n  {THEN}\n", downtime_known=True, downtime_ms=1)
    life.wait(SECOND).event().wait(MINUTE)
    answer = ask(life, "01:01")
    assert "1 of 3 motion" in answer["sentence"]
    assert any(line["key"] == "fresh" for line in answer["evidence"]["notes"])


def test_a_post_that_was_off_judged_nothing(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(10 * MINUTE)
    life.desk.clock.wait(10 * MINUTE)
    life.restart(downtime_known=True, downtime_ms=10 * MINUTE).wait(MINUTE)
    answer = ask(life, "01:15")
    assert answer["answer"] == "off"
    assert "The post was off from 2026-11-30 01:10:00 to 2026-11-30 01:20:00" in answer["sentence"]


def test_a_rule_that_came_later_or_was_switched_off_or_runs_elsewhere_says_so(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(MINUTE)
    more = (
        "\n- id: new\n  when: {event: motion}\n  "
        + THEN
        + "\n- id: off\n  enabled: false\n  when: {event: motion}\n  "
        + THEN
    )
    more += "\n- id: far\n  runs_at: precinct\n  when: {event: check_in}\n  " + THEN + "\n"
    life.restart(more, downtime_known=True, downtime_ms=1).wait(5 * MINUTE)
    folder = life.end()
    assert "it runs since 2026-11-30 01:01:00" in ask(folder, "01:00:30", "new")["sentence"]
    assert "was not there any more" in ask(folder, "01:04", "r")["sentence"]
    assert "enabled: false" in ask(folder, "01:04", "off")["sentence"]
    assert "runs at the precinct" in ask(folder, "01:04", "far")["sentence"]


def test_an_unknown_rule_or_time_ends_with_1_and_says_what_there_is(ask: Ask, tmp_path: Path) -> None:
    night = night_of_the_handbook(tmp_path / "pos-03")
    assert "did you mean: ramai?" in ask(night, "01:10", "ramay", code=1)["sentence"]
    assert "outside of this journal: 2026-11-30 01:00:00" in ask(night, "2026-11-20 01:10", "ramai", code=1)["sentence"]
    assert ask(night, "dawn", "ramai", code=64)["sentence"].startswith("--at dawn: write a time")
    shutil.rmtree(night / "kept")
    (tmp_path / "site.yaml").write_text(SITE_YAML)
    assert "are not kept here" in ask(night, "01:10", "ramai", code=1)["sentence"]


def test_the_answer_fits_a_narrow_terminal_in_indonesian(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "id")
    night = night_of_the_handbook(tmp_path / "pos-03")
    capsys.readouterr()
    assert main(["why-not", "ramai", "--at", "01:10", "--data", str(night)]) == 0
    out = capsys.readouterr().out.partition("Aturannya:")[0]
    assert "yang ke-3 datang 64 s sesudah yang pertama" in " ".join(out.split())
    assert [line for line in out.splitlines() if len(line) > 60] == []


def test_it_reads_a_folder_that_a_post_is_writing_at_this_moment(live: Live, ask: Ask) -> None:
    life = live(rules=NIGHT).wait(MINUTE).event().wait(MINUTE)
    life.desk.journal.sync()
    assert ask(life.folder, "01:01", "ramai")["nearest"]["have"] == 1
    life.event().wait(SECOND)  # and the post goes on
    assert life.desk.value("kentongan_journal_corrupt_records_total") == 0


def test_a_closed_incident_is_part_of_the_story(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(MINUTE).event().wait(2 * SECOND)
    life.desk.receipt(life.desk.alerts[0]["id"], 1, Stage.CLOSED, by="polisi-1")
    assert ask(life.wait(MINUTE), "01:01")["reason"] == "fired"


# --- what was found by hand with a post that ran


def test_an_event_outside_of_every_window_is_not_said_to_be_missing(live: Live, ask: Ask) -> None:
    life = live("{count: {event: motion, at_least: 3}, within: 6s}").wait(MINUTE).event().wait(5 * MINUTE)
    assert ask(life, "01:03")["sentence"].endswith("motion came at 01:01:00, not then.")


def test_what_fired_a_little_later_answers_for_the_events_of_that_time(live: Live, ask: Ask) -> None:
    life = live("{count: {event: motion, at_least: 3}, within: 60s}").wait(50 * SECOND)
    life.event().wait(5 * SECOND).event().wait(10 * SECOND).event().wait(MINUTE)
    assert "did alert precinct at 2026-11-30 01:01:05" in ask(life, "01:00:50")["sentence"]


def test_what_came_after_the_rule_had_changed_is_not_held_against_the_old_one(live: Live, ask: Ask) -> None:
    when = "{count: {event: motion, at_least: 2}, within: 30s}"
    life = live(when).wait(MINUTE).event().wait(5 * SECOND)
    life.restart(f"\n- id: r\n  when: {when.replace('30s', '6s')}\n  {THEN}\n", downtime_known=True, downtime_ms=1)
    life.wait(10 * SECOND).event().wait(MINUTE)
    answer = ask(life, "01:01:00")
    assert "1 of 2 motion within 30 s; no other came until 01:01:05" in answer["sentence"]
    assert any(line["key"] == "changed_later" for line in answer["evidence"]["notes"])


def test_so_long_ago_is_about_a_minute(live: Live, ask: Ask) -> None:
    life = live("{event: motion}").wait(10 * MINUTE).event().wait(5 * MINUTE)
    assert ask(life, "5m")["reason"] == "fired"
