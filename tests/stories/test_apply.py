"""A technician applies rules to a post that runs: nothing in flight is lost, and nothing happens in silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.stories.test_bad_files import BROKEN_RULE, workshop
from tests.stories.test_reload import CROWD, OTHER
from tests.support.daemons import ROOT
from tests.support.town import Answer, Town, http_get
from tests.support.waiting import eventually

__all__ = ["workshop"]

PATIENCE_S = 120


def test_presses_that_come_during_an_apply_are_kept_and_an_unchanged_window_goes_on(
    workshop: Town, tmp_path: Path
) -> None:
    forget_tests(tmp_path)
    rules = tmp_path / "rules" / "ramai.yaml"
    rules.write_text(CROWD.format("Ramai"), encoding="utf-8")
    workshop.start()
    sensor, button = workshop.radio("pir-1"), workshop.button("btn-1")
    for _ in range(2):
        sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    eventually(lambda: workshop.metric('kentongan_events_total{reason="noted"}') >= 2, workshop.logs)

    for number in range(4):
        rules.write_text(CROWD.format(f"Banyak orang {number}"), encoding="utf-8")
        (tmp_path / "rules" / "other.yaml").write_text(OTHER.replace("asap-saja", f"asap-{number}"), encoding="utf-8")
        applying = begin(workshop)
        while applying.poll() is None:
            button.press()
            pause(applying)
        assert "dipakai: " in ended(applying, 0)
    said = http_get(workshop.post, "/rules").json()
    assert (said["who"], said["how"], said["applied"]) == ("budi", "apply", True)
    assert said["loaded"] == said["in_files"]

    sensor.say("kentongan/pir-1/event", {"kind": "motion"})
    (incident,) = eventually(lambda: _of_rule(workshop, "ramai"), workshop.logs)
    assert (incident["title"], incident["count"]) == ("Banyak orang 3", 3)
    for seq in range(1, button.seq + 1):
        button.wait(seq, "delivered")
    (panic,) = [found for found in workshop.officer.incidents() if found["incident"] == "panic"]
    assert panic["count"] == button.seq > 4


def test_a_fault_keeps_what_runs_and_is_told_with_its_line_before_the_post_hears_of_it(
    workshop: Town, tmp_path: Path
) -> None:
    workshop.start()
    before = http_get(workshop.post, "/rules").json()
    (tmp_path / "rules" / "salah.yaml").write_text(BROKEN_RULE, encoding="utf-8")
    assert "salah.yaml:4:17: unknown-kind" in ended(begin(workshop), 1)
    after = http_get(workshop.post, "/rules").json()
    assert (after["version"], after["handled"]) == (before["version"], before["handled"])
    assert not _of_rule(workshop, "config.fault")


def test_a_post_that_is_killed_during_an_apply_starts_with_the_new_rules_and_the_command_says_so(
    workshop: Town, tmp_path: Path
) -> None:
    forget_tests(tmp_path)
    workshop.start()
    (tmp_path / "rules" / "other.yaml").write_text(OTHER, encoding="utf-8")
    asking = begin(workshop, yes=False)
    assert asking.stdin is not None
    os.kill(workshop.post.pid, signal.SIGSTOP)  # after this nothing is answered any more
    asking.stdin.write("ya\n")
    asking.stdin.flush()
    eventually((workshop.post_data / "apply.json").exists, workshop.logs)
    workshop.post.kill()
    workshop.post.start()
    assert "dipakai: " in ended(asking, 0)
    assert http_get(workshop.post, "/rules").json()["who"] == "budi"


def forget_tests(folder: Path) -> None:
    """Take out the tests of the shipped rules, which are for the site beside them."""
    for path in (folder / "rules").glob("*.test.yaml"):
        path.unlink()


def begin(town: Town, *, yes: bool = True) -> subprocess.Popen[str]:
    """Begin to apply; without ``yes`` the command is left where it has asked."""
    words = ["apply", "--config", str(town.post.config), "--days", "1", *(["--yes"] if yes else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatcher", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "KENTONGAN_LANG": "id", "SUDO_USER": "budi", "PYTHONUNBUFFERED": "1"},
    )
    if not yes:
        wait_for_question(process)
    return process


def wait_for_question(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = ""
    while not said.endswith("[y/T]"):
        letter = process.stdout.read(1)
        assert letter, said
        said += letter


def ended(process: subprocess.Popen[str], code: int) -> str:
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, out
    return out


def pause(process: subprocess.Popen[str]) -> None:
    """Let the command go on for a moment."""
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return


def _of_rule(town: Town, rule: str) -> list[Answer]:
    return [found for found in town.officer.incidents() if found["rule"] == rule]
