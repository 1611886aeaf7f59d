"""A technician looks after a post over SSH: sees a window fill, hears what is wrong, and finds a dead post's reasons."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from dispatcher.cli.app import main
from tests.stories.test_bad_files import workshop
from tests.stories.test_reload import CROWD
from tests.support.town import Answer, Town, living
from tests.support.waiting import eventually

__all__ = ["workshop"]


def kentongan(town: Town, *arguments: str) -> tuple[int, str]:
    """Run a command about the town's post, and return its exit code and what it printed."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("KENTONGAN_LANG", "id")
        code = main([*arguments, "--config", str(town.post.config)])
    return code, said.getvalue()


def status(town: Town) -> Answer:
    code, said = kentongan(town, "status", "--json")
    assert code == 0, said
    answer: Answer = json.loads(said)
    return answer


def found(town: Town) -> dict[str, Answer]:
    """Return what doctor finds, by code."""
    code, said = kentongan(town, "doctor", "--json")
    findings = json.loads(said)["findings"]
    assert code == (1 if findings else 0), said
    return {finding["code"]: finding for finding in findings}


@pytest.fixture
def crowd(workshop: Town, tmp_path: Path) -> Town:
    """A town that runs, with one rule of its own."""
    (tmp_path / "rules" / "ramai.yaml").write_text(CROWD.format("Ramai"), encoding="utf-8")
    workshop.start()
    return workshop


def test_a_window_is_seen_filling_and_a_rule_that_was_edited_is_told(crowd: Town, tmp_path: Path) -> None:
    sensor = crowd.radio("pir-1")
    for _ in range(2):
        sensor.say("kentongan/pir-1/event", {"kind": "motion"})

    def filled() -> bool:
        lines = status(crowd)["rules"]["lines"]
        return [(line["have"], line["need"]) for line in lines if line["id"] == "ramai"] == [(2, 3)]

    eventually(filled, crowd.logs)
    code, view = kentongan(crowd, "status")
    assert code == 0
    assert any(line.split()[:2] == ["ramai", "2/3"] for line in view.splitlines())
    assert max(map(len, view.splitlines())) <= 60

    rules = tmp_path / "rules" / "ramai.yaml"
    rules.write_text(CROWD.format("Ramai sekali"), encoding="utf-8")
    assert "rules.unapplied" in found(crowd)
    rules.write_text(CROWD.format("Ramai").replace("when:", "wehn:"), encoding="utf-8")
    assert "ramai.yaml:4" in found(crowd)["config.faults"]["what"]

    assert crowd.post.stop() == 0
    assert "post.stopped" in found(crowd)


def test_a_dead_uplink_and_then_a_dead_post_are_told_with_what_waits(crowd: Town) -> None:
    crowd.uplink.stop()
    crowd.button("btn-1").press()
    finding = eventually(lambda: found(crowd).get("precinct.away"), crowd.logs)
    assert "laporan menunggu" in finding["what"]
    waiting = status(crowd)["outbox"]["depth"]
    assert waiting >= 1

    crowd.post.kill()
    code, said = kentongan(crowd, "status")
    assert code == 2
    assert "kentongan doctor" in said
    told = found(crowd)
    assert {"post.died", "precinct.undelivered"} <= set(told)
    assert f"{waiting} laporan" in told["precinct.undelivered"]["what"]


@pytest.mark.mosquitto
def test_a_button_at_qos_0_and_a_topic_that_the_broker_forbids_are_named(tmp_path: Path) -> None:
    town = Town(tmp_path, "mosquitto")
    rules = tmp_path / "post-broker" / "post.acl"
    lines = rules.read_text(encoding="utf-8").splitlines(keepends=True)
    rules.write_text("".join(line for line in lines if "/confirm" not in line), encoding="utf-8")
    with living(town):
        town.radio("btn-2").say("kentongan/btn-2/event", {"kind": "panic.press", "boot": 1, "seq": 1}, qos=0)
        finding = eventually(lambda: found(town).get("broker.topic-refused"), town.logs)
        assert finding["about"] == ["kentongan/btn-2/confirm"]
        assert found(town)["device.qos0"]["about"] == ["btn-2"]
        town.radio("btn-2").say("kentongan/btn-2/event", {"kind": "panic.press", "boot": 1, "seq": 2})
        eventually(lambda: "device.qos0" not in found(town), town.logs)
