"""``kentongan replay`` as a technician meets it: a night that was lived through, given to other rules."""

import json
import shutil
from pathlib import Path

import pytest

from dispatcher.cli import main
from tests.support.pasts import SITE_YAML, Life

CROWD = """
- id: ramai
  when: {{count: {{event: motion, at_least: {}}}, within: 60s, group_by: [zone]}}
  then: {{escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai di {{zone}}"}}
- id: panas
  mode: shadow
  when: {{event: reading.temperature, where: {{value: {{above: 57}}}}}}
  then: {{escalate: precinct, incident: kebakaran, severity: high, message: "Suhu {{value}}"}}
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    monkeypatch.chdir(tmp_path)  # no site.yaml of this checkout is near


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """Return the data_dir of a post: three motions within 40 s, a hot reading, later two motions more."""
    life = Life(tmp_path / "pos-03", CROWD.format(3))
    life.event().wait(20_000).event().wait(20_000).event().event("reading.temperature", "smoke-1", value=61)
    life.wait(120_000).event().wait(10_000).event().wait(5_000)
    return life.end()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a folder of rules that ask for two motions only."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "ramai.yaml").write_text("version: 1\nrules:" + CROWD.format(2))
    return folder


def printed(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["replay", *map(str, words)]) == code
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int) -> str:
    capsys.readouterr()
    assert main(["replay", *map(str, words)]) == code
    return capsys.readouterr().err


def test_what_other_rules_alert_more_and_less_is_told_with_the_events(
    night: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, night, "--against", rules)
    more, _, less = out.partition("LESS: 1")
    assert "MORE: 2" in more
    assert "01:00:00 motion pir-1" in more
    assert "01:00:40 motion pir-1 zone=parkir" in less
    assert "alerted: 2 / 1" in out


def test_a_shadow_rule_is_told_apart_from_what_was_alerted(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, night)
    assert "SHADOW: 1 (told nobody)" in out
    assert "high: Suhu 61" in out
    assert "No difference: 1 alerts, the same." in out


def test_the_lines_fit_a_narrow_terminal(night: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, night, "--against", rules)
    names = (str(night), str(rules))  # a path is as long as it is
    assert [line for line in out.splitlines() if len(line) > 60 and not any(name in line for name in names)] == []


def test_a_program_gets_everything_as_one_object(night: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.loads(printed(capsys, night, "--against", rules, "--json"))
    assert (len(body["more"]), len(body["less"]), body["changed"]) == (2, 1, [])
    assert body["less"][0]["event"]["kind"] == "motion"
    assert body["counts"]["new"]["panas"] == {"shadow": 1}
    assert body["events"] == 6


def test_rules_that_changed_in_the_middle_each_judge_their_own_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = Life(tmp_path / "pos-03", CROWD.format(3))
    life.event().wait(10_000).event().wait(120_000).restart(CROWD.format(2))
    life.event().wait(10_000).event().wait(5_000)
    body = json.loads(printed(capsys, life.end(), "--json"))
    assert (body["more"], body["less"]) == ([], [])
    assert body["counts"]["new"] == body["counts"]["old"] == {"ramai": {"fired": 1}}


def test_two_rule_sets_can_be_held_against_each_other(
    night: Path, rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    four = tmp_path / "four.yaml"
    four.write_text("version: 1\nrules:" + CROWD.format(4))
    body = json.loads(printed(capsys, night, "--against", rules, "--rules", four, "--json"))
    assert (len(body["more"]), len(body["less"])) == (2, 0)


def test_since_looks_at_the_last_part_only(night: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.loads(printed(capsys, night, "--against", rules, "--since", "1m", "--json"))
    assert body["events"] == 2
    assert told(capsys, night, "--since", "kemarin", code=64).startswith("--since kemarin: write a time")


def test_an_export_is_as_good_as_the_journal(
    night: Path, rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["journal", "export", "--data", str(night)]) == 0
    (tmp_path / "night.jsonl").write_text(capsys.readouterr().out)
    (tmp_path / "site.yaml").write_text(SITE_YAML)
    body = json.loads(printed(capsys, tmp_path / "night.jsonl", "--against", rules, "--json"))
    assert (len(body["more"]), len(body["less"])) == (2, 1)


def test_without_the_kept_rules_it_says_what_to_do(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (night / "kept").glob("rules-*"):
        file.unlink()
    assert "Copy the folder kept/" in told(capsys, night, code=1)


def test_without_any_site_it_asks_for_one(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(night / "kept")
    assert "--site site.yaml" in told(capsys, night, code=78)


def test_what_is_no_journal_is_told_with_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.txt").write_bytes(b"words\xff\n")
    assert "there is no such file" in told(capsys, tmp_path / "none", code=74)
    assert "Name a post's data_dir" in told(capsys, tmp_path / "empty", code=74)
    assert "words.txt:1: this is no line of a journal" in told(capsys, tmp_path / "words.txt", code=74)


def test_a_fault_in_the_rules_is_told_as_check_tells_it(
    night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nrules:" + CROWD.format(2).replace("motion", "moton"))
    assert "bad.yaml:4:25: unknown-kind" in told(capsys, night, "--against", tmp_path / "bad.yaml", code=1)
    assert "there is no rule file" in told(capsys, night, "--against", tmp_path / "pos-03" / "kept", code=1)


def test_a_post_that_is_not_the_journals_is_refused(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the journal of pos-03, not of pos-07" in told(capsys, night, "--post", "pos-07", code=64)


def test_a_damaged_journal_is_read_as_far_as_it_goes_and_says_so(
    night: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = max((night / "journal").glob("*.seg"), key=lambda one: one.read_bytes().count(b'"k":"motion"'))
    segment.write_bytes(segment.read_bytes().replace(b'"k":"motion"', b'"k":"mosion"', 1))
    capsys.readouterr()
    assert main(["replay", str(night), "--against", str(rules), "--json"]) == 0
    done = capsys.readouterr()
    assert json.loads(done.out)["lost"] == 1
    assert "1 records cannot be read" in done.err
