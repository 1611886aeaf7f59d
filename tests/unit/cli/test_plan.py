"""``kentongan plan``: what applying the files would mean, without changing anything."""

import os
from pathlib import Path

import pytest

from dispatcher.cli import main
from tests.support.workbench import CROWD, SMOKE, TEST, WRONG, Lived, write_post, write_rules

SILENT = """\
- id: sunyi
  when: {absent: {event: check_in}, for: 2h, expect_from: [pos-03]}
  then: {escalate: precinct, incident: pos-sunyi, severity: high, message: "Pos sunyi"}
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")


@pytest.fixture
def post(tmp_path: Path) -> Path:
    """A post that has run with two rules, saw five motions, and is away."""
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE + CROWD)
    (tmp_path / "rules" / "a.test.yaml").write_text(TEST, encoding="utf-8")
    lived = Lived(tmp_path)
    lived.see(5)
    lived.close()
    return tmp_path


def planned(folder: Path, capsys: Capture, *words: str, ends: int = 0) -> str:
    assert main(["plan", "--config", str(folder / "post.yaml"), *words]) == ends
    out = capsys.readouterr()
    assert all(len(line) <= 60 for line in out.out.splitlines() if str(folder) not in line), out.out
    return out.out + out.err


def test_files_that_run_already_are_said_to_be_the_same(post: Path, capsys: Capture) -> None:
    out = planned(post, capsys)
    assert "pos-03 does not run; last it had 2 rules" in out
    assert "tests: 1 passed, 0 failed" in out
    assert out.endswith("the same as what runs\n")


def test_a_rule_more_a_rule_less_and_a_changed_one_are_named_with_what_they_forget(post: Path, capsys: Capture) -> None:
    (post / "rules" / "a.test.yaml").unlink()
    lower = CROWD.replace("at_least: 3", "at_least: 2")
    write_rules(post, SILENT + lower)
    out = planned(post, capsys)
    assert f"+ sunyi  {post}/rules/a.yaml:3" in out
    assert f"~ ramai  {post}/rules/a.yaml:6\n  when.count\n  begins anew; forgets: 2 events in windows\n" in out
    assert "- asap\n" in out
    assert "no *.test.yaml" in out


def test_the_last_days_tell_what_would_have_been_alerted_more_and_less(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE + CROWD.replace("at_least: 3", "at_least: 2"))
    out = planned(post, capsys)
    assert "the last 7 days again: 5 events since" in out
    assert "alerts: 2 more, 1 less, 0 changed" in out
    assert out.count("ramai (medium)\n    Ramai\n") == 3
    assert "1 rules keep their windows and timers" in out


def test_other_words_keep_what_a_rule_remembers_and_are_shown_as_changed(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE + CROWD.replace("medium", "high"))
    out = planned(post, capsys)
    assert "  then.severity\n" in out
    assert "begins anew" not in out
    assert "ramai (medium → high)" in out
    assert "2 rules keep their windows and timers" in out


def test_days_may_be_none(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE + CROWD.replace("at_least: 3", "at_least: 2"))
    assert "again" not in planned(post, capsys, "--days", "0")


def test_a_fault_is_told_with_its_line_and_ends_with_1(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE + WRONG)
    out = planned(post, capsys, ends=1)
    assert "a.yaml:7:17: unknown-kind" in out
    assert "check: 1 faults" in out
    assert "+ salah" in out


def test_a_failing_test_is_told_and_ends_with_1(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE.replace("high", "medium") + CROWD)
    out = planned(post, capsys, ends=1)
    assert "a.test.yaml: asap: " in out
    assert "tests: 0 passed, 1 failed" in out


def test_a_post_that_never_ran_is_planned_all_the_same(tmp_path: Path, capsys: Capture) -> None:
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE)
    out = planned(tmp_path, capsys)
    assert "pos-03 has never run here" in out
    assert "+ asap" in out
    assert "nothing yet to be replayed" in out


def test_nothing_is_changed_by_a_plan(post: Path, capsys: Capture) -> None:
    write_rules(post, SMOKE)
    before = {path: path.stat().st_mtime_ns for path in sorted(post.rglob("*"))}
    planned(post, capsys)
    assert {path: path.stat().st_mtime_ns for path in sorted(post.rglob("*"))} == before


def test_rules_whose_text_is_no_longer_kept_are_said_to_be_unknown(post: Path, capsys: Capture) -> None:
    for kept in (post / "data" / "kept").glob("rules-*.json"):
        kept.unlink()
    write_rules(post, SMOKE + CROWD.replace("at_least: 3", "at_least: 2"))
    out = planned(post, capsys)
    assert "the text of what runs is not kept" in out
    assert "held against what was said then" in out
    assert "alerts: 2 more, 1 less, 0 changed" in out


def test_a_rule_for_the_precinct_is_said_not_to_be_for_this_post(post: Path, capsys: Capture) -> None:
    of_precinct = SILENT.replace("- id: sunyi", "- id: sunyi\n  runs_at: precinct")
    write_rules(post, SMOKE + CROWD + of_precinct)
    assert "\n  not for this post\n" in planned(post, capsys)


def test_many_changes_are_a_list_of_twelve_and_a_number(post: Path, capsys: Capture) -> None:
    more = "".join(SILENT.replace("sunyi", f"sunyi-{number}") for number in range(20))
    write_rules(post, SMOKE + CROWD + more)
    out = planned(post, capsys)
    assert out.count("+ sunyi-") == 12
    assert "  … and 8 more" in out


def test_without_a_post_yaml_it_says_where_it_looked(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if Path("/etc/kentongan/config/post.yaml").exists():
        pytest.skip("there is one on this machine")
    assert main(["plan"]) == 78
    assert "name it with --config" in capsys.readouterr().err


def test_post_yaml_is_found_in_the_usual_places(post: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(post)
    assert main(["plan"]) == 0
    assert "rules/a.yaml" not in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="no permission stops root")
def test_a_folder_of_another_user_asks_for_sudo(post: Path, capsys: Capture) -> None:
    (post / "data").chmod(0)
    try:
        assert "sudo" in planned(post, capsys, ends=74)
    finally:
        (post / "data").chmod(0o700)


def test_it_speaks_indonesian(post: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "id")
    write_rules(post, SMOKE + CROWD.replace("at_least: 3", "at_least: 2"))
    out = planned(post, capsys)
    assert "mulai dari awal; lupa: 2 kejadian di jendela" in out
    assert "peringatan: 2 lebih, 1 kurang, 0 berubah" in out
