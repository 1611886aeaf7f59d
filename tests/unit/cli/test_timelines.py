"""``kentongan test`` on timelines, as a technician meets it: what it prints, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatcher.cli import main

SITE = "site: {timezone: Asia/Jakarta, precinct: {id: p}, posts: [{id: pos-1}], devices: [{id: pir-1, post: pos-1}]}\n"
RULE = """rules:
- id: two
  when: {count: {event: motion, where: {value: {above: 1}}, at_least: 2}, within: 60s}
  then: {escalate: precinct, incident: x, severity: low}
"""
CASE = """tests:
- name: twice
  steps:
  - {at: 0s, event: motion, device: pir-1, value: 2}
  - {at: 60s, event: motion, device: pir-1, value: 2}
  expect: [{at: 60s, alert: two, count: 2}]
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")


def write(folder: Path, text: str) -> str:
    path = folder / "a.test.yaml"
    path.write_text(text)
    return str(path)


def test_a_timeline_that_comes_out_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", write(tmp_path, SITE + RULE + CASE)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_the_first_difference_is_told_with_what_was_expected_what_came_and_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", write(tmp_path, SITE + RULE + CASE.replace("count: 2}]", "count: 3}]"))]) == 1
    out = capsys.readouterr().out.splitlines()
    assert "twice: " in out[0]
    assert "at 1m expected alert two (count: 3), got alert two (count: 2); why not: count: 2" in out[0]
    assert out[1] == "0 passed, 1 failed"


def test_a_rule_that_does_not_exist_is_told_with_the_nearest_that_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", write(tmp_path, SITE + RULE + CASE.replace("alert: two", "alert: tow"))]) == 1
    assert (
        "expected alert tow (count: 2), got alert two (count: 2); why not: there is no rule tow (two?)"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("change", "language", "why"),
    [
        (("value: 2}\n  expect", "value: 1}\n  expect"), "en", "why not: 1 of 2 so far"),
        (("value: 2}\n  expect", "value: 1}\n  expect"), "id", "sebab: baru 1 dari 2"),
        (("value: 2}", "value: 1}"), "en", "why not: no event matched"),
        (("at: 60s, event", "at: 61s, event"), "en", "why not: 1 of 2 so far"),
        (("at: 60s, alert", "at: 59s, alert"), "en", "why not: 1 of 2 so far (post: pos-1), fired at 1m"),
        (("at: 60s, alert", "at: 59s, alert"), "id", "sebab: baru 1 dari 2 (post: pos-1), menyala pada 1m"),
        (("  - {at: 60s", "  - {at: 1s, power_cut: 2m}\n  - {at: 60s"), "en", "why not: the program was off"),
        (("low}\n", "low}\n  only_if: [{between: ['01:00', '02:00']}]\n"), "en", "why not: held back by only_if"),
        (("low}\n", "low}\n  only_if: [{between: ['01:00', '02:00']}]\n"), "id", "sebab: ditahan only_if"),
        (("low}\n", "low}\n  mode: shadow\n"), "en", "why not: fired (shadow)"),
    ],
)
def test_an_alert_that_did_not_come_is_told_with_how_near_the_rule_was_or_what_held_it_back(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[str, str],
    language: str,
    why: str,
) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", language)
    text = SITE + RULE + CASE
    assert text != text.replace(*change)
    assert main(["test", write(tmp_path, text.replace(*change))]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.endswith(why) or f"{why} (" in line, line


def test_files_that_a_test_names_and_that_do_not_exist_are_told_where_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", write(tmp_path, SITE + "rules: [nope.yaml]\n" + CASE)]) == 1
    assert "a.test.yaml:2:9: file-missing" in capsys.readouterr().err
    assert main(["test", write(tmp_path, "site: nope.yaml\nrules: []\n" + CASE)]) == 1
    assert "a.test.yaml:1:7: file-missing" in capsys.readouterr().err


def test_a_folder_is_checked_with_its_tests_and_a_fault_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.yaml").write_text("version: 1\n" + RULE.replace("motion", "moton"))
    write(tmp_path, SITE + "rules: [r.yaml]\n" + CASE.replace("at: 60s, event", "at: 60, event"))
    assert main(["check", str(tmp_path)]) == 1
    err = capsys.readouterr().err.splitlines()
    assert sorted(line.split(": ")[1] for line in err) == ["bad-duration", "unknown-kind"]


def test_a_short_site_may_leave_out_its_precinct_and_a_line_of_a_case_file_its_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.cases.jsonl").write_bytes(b"\xff\n")
    write(tmp_path, SITE.replace("precinct: {id: p}, ", "") + RULE + CASE)
    assert main(["test", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "b.cases.jsonl: line 1: not valid JSON" in out
    assert out.endswith("1 passed, 1 failed\n")


def test_an_alert_that_is_not_listed_fails_the_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SITE + RULE + CASE.replace("[{at: 60s, alert: two, count: 2}]", "[]")
    assert main(["test", write(tmp_path, text)]) == 1
    assert (
        "at 1m expected nothing more, got alert two (post: pos-1, device: pir-1, count: 2); why: fired"
        in capsys.readouterr().out
    )


def test_a_faulty_case_fails_and_the_others_are_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SITE + RULE + CASE + "- {name: wrong, steps: [{at: 1s, event: moton}], expect: []}\n"
    assert main(["test", write(tmp_path, text)]) == 1
    out = capsys.readouterr().out
    assert "unknown event kind moton (did you mean motion?)" in out
    assert out.endswith("1 passed, 1 failed\n")


def test_every_case_of_a_file_with_faulty_rules_fails_and_the_fault_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", write(tmp_path, SITE + RULE.replace("count:", "cuont:") + CASE)]) == 1
    printed = capsys.readouterr()
    assert "unknown key cuont here (did you mean count?)" in printed.err
    assert printed.out.endswith("0 passed, 1 failed\n")


def test_clauses_that_no_test_tried_and_changes_that_none_noticed_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "--cov", "--mutate", write(tmp_path, SITE + RULE + CASE)]) == 0
    out = capsys.readouterr().out
    assert "two#0: never false" in out
    assert "survived: " in out
    assert "within_ms +1000" in out
    assert "within_ms -1000" not in out
    assert "at_least +1" not in out


def test_a_folder_is_searched_for_both_sorts_of_test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, SITE + RULE + CASE)
    assert main(["test", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_check_knows_a_test_file_and_tells_its_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, SITE + RULE + CASE)]) == 0
    assert main(["check", write(tmp_path, SITE + RULE + CASE.replace("steps", "stesp"))]) == 1
    assert "unknown key stesp here (did you mean steps?)" in capsys.readouterr().err


def test_check_holds_rules_to_the_site_beside_them_and_notes_what_is_most_likely_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site.yaml").write_text(SITE.removeprefix("site: ").strip("{}\n").join(["{", "}"]))
    rules = tmp_path / "r.yaml"
    rules.write_text("version: 1\n" + RULE.replace("value: {above: 1}", "device: pir-9"))
    assert main(["check", str(rules)]) == 1
    assert "unknown device pir-9 (did you mean pir-1?)" in capsys.readouterr().err
    rules.write_text("version: 1\n" + RULE.replace("at_least: 2", "at_least: 1"))
    assert main(["check", str(rules)]) == 0
    assert "lint-always" in capsys.readouterr().err


def test_a_short_site_is_completed_by_what_it_mentions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = "site: {timezone: Asia/Jakarta, precinct: {id: p}, devices: [{id: pir-1, post: pos-1}]}\n"
    assert main(["test", write(tmp_path, short + RULE + CASE)]) == 0
    kelurahan = SITE.replace("{id: pos-1}", "{id: pos-1, kelurahan: k}")
    assert main(["test", write(tmp_path, kelurahan + RULE + CASE)]) == 0


def test_a_clause_that_no_matcher_takes_is_a_fault_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ", ".join(f"{{value: [{', '.join(str(n) for n in range(400))}]}}" for _ in range(12))
    text = SITE + RULE.replace("value: {above: 1}", f"any_of: [{many}]") + CASE
    assert main(["test", write(tmp_path, text)]) == 1
    assert "matcher.too_many_nodes" in capsys.readouterr().err


def test_a_terminal_that_lacks_letters_gets_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, SITE + RULE + CASE.replace("twice", "dua \U0001f6a8").replace("count: 2", "count: 3"))
    command = [sys.executable, "-m", "dispatcher", "test", path]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert b"dua \\U0001f6a8" in done.stdout


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("steps: [{at: 999999999999d, advance: 0s}]", "bad-duration"),
        ("steps: [{at: 1s, power_cut: 99999d}]", "bad-duration"),
        ("start: 9999-12-31T23:00:00", "bad-start"),
        ("start: 1900-01-01", "bad-start"),
        ("steps: [{at: 1s, clock_step: -99999d}]", "this test leaves the calendar"),
    ],
)
def test_a_test_that_leaves_the_calendar_is_a_fault_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, told: str
) -> None:
    hour = """rules: [{id: a, when: {schedule: {at: "22:00"}}, then: {escalate: none, set: {a: 1}}}]\n"""
    assert main(["test", write(tmp_path, SITE + hour + "tests: [{" + f"name: far, {case}" + "}]\n")]) == 1
    assert told in capsys.readouterr().out
