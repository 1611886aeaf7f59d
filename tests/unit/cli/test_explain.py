"""``kentongan explain`` as a technician meets it, over nights that a post has lived through."""

import json
import shutil
from pathlib import Path

import pytest

from dispatcher.cli import main
from dispatcher.domain.incident import Stage
from tests.support.pasts import NIGHT, Life, night_of_the_handbook


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return night_of_the_handbook(tmp_path_factory.mktemp("night") / "pos-03")


Printed = pytest.CaptureFixture[str]


def explained(capsys: Printed, what: str, data: Path, *more: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["explain", what, "--data", str(data), *more]) == code
    done = capsys.readouterr()
    return done.out + done.err


def incidents(capsys: Printed, data: Path) -> dict[str, str]:
    """Return the id of each incident by the rule that opened it."""
    capsys.readouterr()
    assert main(["journal", "export", "--data", str(data)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    made = [json.loads(line["json"]["b"]) for line in lines if line.get("kind") == "revision"]
    return {one["rule"]: one["id"] for one in made}


def test_an_incident_is_explained_by_its_rule_its_events_and_the_states_then(night: Path, capsys: Printed) -> None:
    out = explained(capsys, incidents(capsys, night)["ramai"], night)
    assert " ".join(out.split()).startswith(
        'Rule ramai alerted precinct "Ramai di parkir" at 2026-11-30 02:10:30: 3 motion within 60 s (3 are needed).'
    )
    for line in ("  02:10:00 motion pir-1 zone=parkir", "  02:10:30 motion pir-1 zone=parkir"):
        assert line in out.splitlines()
    assert "+ state post_status is unmanned" in out
    assert "repeats until 02:20:30 join this: 1 (02:12:20)" in out
    assert "rules/aturan.yaml:3:3, version" in out
    assert "  - id: ramai" in out.splitlines()
    assert "the post's clock was trusted then" in out


def test_a_press_is_the_floors_whatever_the_rules_say(night: Path, capsys: Printed) -> None:
    out = explained(capsys, incidents(capsys, night)["floor"][:8], night)  # the beginning of an id is enough
    assert " ".join(out.split()).startswith("panic.press from btn-1 at 2026-11-30 02:40:00: every such call is relayed")


def test_a_shadow_firing_is_explained_and_says_that_it_told_nobody(night: Path, capsys: Printed) -> None:
    out = " ".join(explained(capsys, "panas", night).split())
    assert 'Rule panas (shadow) would have alerted "Suhu 61 di meja"' in out
    assert "told nobody" in out
    assert "value=61" in out


def test_a_silence_says_when_its_entry_was_last_heard(night: Path, capsys: Printed) -> None:
    assert "last heard 01:00:00 check_in btn-2" in explained(capsys, "pos-sunyi", night)


def test_what_became_of_it_is_told_with_who_answered(tmp_path: Path, capsys: Printed) -> None:
    life = Life(tmp_path / "pos-03", NIGHT)
    life.event("panic.press", "btn-1").wait(1_000)
    life.desk.broker_takes()
    life.wait(1_000)
    incident = life.desk.alerts[0]["id"]
    life.desk.receipt(incident, 1, Stage.DELIVERED)
    life.desk.turns(2)
    life.desk.receipt(incident, 1, Stage.ACKNOWLEDGED, by="polisi-12")
    life.desk.turns(2)
    out = explained(capsys, incident, life.end())
    assert "revision 1 sent" in out
    assert "acknowledged by polisi-12" in out


def test_a_rule_that_changed_is_shown_as_it_was_then(tmp_path: Path, capsys: Printed) -> None:
    life = Life(tmp_path / "pos-03", NIGHT.replace("  only_if: [{state: post_status, is: unmanned}]\n", ""))
    life.event().wait(5_000).event().wait(5_000).event().wait(5_000).restart(NIGHT.replace("60s", "90s")).wait(20_000)
    out = explained(capsys, incidents(capsys, life.end())["ramai"], life.folder)
    assert "within: 60s" in out
    assert "within: 90s" not in out


def test_a_rule_that_is_not_kept_says_which_folder_is_missing(night: Path, tmp_path: Path, capsys: Printed) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(night, copy)
    for file in (copy / "kept").glob("rules-*"):
        file.unlink()
    out = explained(capsys, incidents(capsys, copy)["ramai"], copy)
    assert "is not kept here (folder kept/)" in out
    assert "02:10:00 motion pir-1" in out


def test_an_unknown_incident_ends_with_1_and_names_the_nearest(night: Path, capsys: Printed) -> None:
    id_ = incidents(capsys, night)["ramai"]
    slip = id_[:7] + ("0" if id_[7] != "0" else "1") + id_[8:]
    out = explained(capsys, slip, night, code=1)
    assert id_ in out
    assert "Ramai di parkir" in out
    assert "no incident of this id" in out


def test_a_rule_that_said_nothing_leads_to_why_not(tmp_path: Path, capsys: Printed) -> None:
    life = Life(tmp_path / "pos-03", NIGHT).wait(10_000)
    assert "kentongan why-not ramai --at TIME" in explained(capsys, "ramai", life.end(), code=1)


def test_a_program_gets_one_object_with_the_same_keys_in_every_language(
    night: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = incidents(capsys, night)["ramai"]
    english = json.loads(explained(capsys, id_, night, "--json"))
    monkeypatch.setenv("KENTONGAN_LANG", "id")
    indonesian = json.loads(explained(capsys, id_, night, "--json"))
    assert english["incident"] == id_
    assert english["answer"] == indonesian["answer"] == "fired"
    assert english["count"] == 6
    assert [line["key"] for line in indonesian["evidence"]["events"]] == ["event", "event", "event"]
    assert english["sentence"] != indonesian["sentence"]


def test_the_lines_fit_a_narrow_terminal_but_for_what_is_quoted(night: Path, capsys: Printed) -> None:
    out = explained(capsys, incidents(capsys, night)["ramai"], night)
    head, _, rest = out.partition("The rule:")
    assert [line for line in (head + rest.partition("Clock:")[2]).splitlines() if len(line) > 60] == []


def test_without_data_it_looks_for_post_yaml_and_says_what_to_give(
    night: Path, tmp_path: Path, capsys: Printed
) -> None:
    assert main(["explain", "panas"]) == 64
    assert "Give --data" in capsys.readouterr().err
    (tmp_path / "post.yaml").write_text(
        f"post: pos-03\ndata_dir: {night}\nsite: site.yaml\nbroker: {{host: h}}\nprecinct: {{id: p, broker: {{host: h}}}}\n"
    )
    assert main(["explain", "panas"]) == 0
