"""``kentongan apply``: the plan, a question, and a swap that the running post confirms by its hash."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatcher.cli import main
from dispatcher.matcher.port import Refusal, RefusalReason
from dispatcher.post.release import handover, history, request
from dispatcher.post.release.alone import alone
from tests.support.brokers import free_port
from tests.support.workbench import CROWD, SMOKE, TEST, WRONG, Bench, serving, write_post, write_rules

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def budi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    monkeypatch.setenv("SUDO_USER", "budi")


@pytest.fixture
def away(tmp_path: Path) -> Bench:
    """A post that has run once with one rule, and is away."""
    write_post(tmp_path, http={"listen": f"127.0.0.1:{free_port()}"})
    write_rules(tmp_path, SMOKE)
    return Bench(tmp_path).start()


@pytest.fixture
def bench(away: Bench) -> Iterator[Bench]:
    """A post that runs with one rule."""
    with serving(away):
        yield away


def applied(bench: Bench, capsys: Capture, *words: str, ends: int = 0) -> str:
    capsys.readouterr()
    assert main(["apply", "--config", str(bench.folder / "post.yaml"), *words]) == ends
    out = capsys.readouterr()
    return out.out + out.err


class Asked:
    """A person who does something before answering the question."""

    def __init__(self, answer: str, first: Callable[[], object] = lambda: None) -> None:
        self._answer = answer
        self._first = first

    def readline(self) -> str:
        self._first()
        return self._answer


def answer(monkeypatch: pytest.MonkeyPatch, word: str, first: Callable[[], object] = lambda: None) -> None:
    monkeypatch.setattr("sys.stdin", Asked(word, first))


def test_the_running_post_swaps_and_says_so_by_its_hash(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    out = applied(bench, capsys, "--yes")
    said = bench.answer()
    assert out.endswith(f"applied: 2 rules, version {said['version']}\n")
    assert (said["who"], said["how"], said["loaded"]) == ("budi", "apply", 2)
    last = history.read(bench.settings.data_dir)[-1]
    assert (last.who, last.how, last.version) == ("budi", "apply", said["version"])


@pytest.mark.parametrize("word", ["y\n", "ya\n", "YES\n"])
def test_it_asks_first_and_yes_is_yes(
    bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    answer(monkeypatch, word)
    assert "Apply these rules? [y/N]" in applied(bench, capsys)
    assert bench.answer()["loaded"] == 2


@pytest.mark.parametrize("word", ["n\n", "\n", "", "maybe\n"])
def test_anything_else_leaves_the_old_rules(
    bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    answer(monkeypatch, word)
    assert "not applied" in applied(bench, capsys, ends=1)
    assert bench.answer()["loaded"] == 1


def test_files_that_run_already_need_no_question(bench: Bench, capsys: Capture) -> None:
    bench.reloading.hang_up()
    assert "the same as what runs" in applied(bench, capsys)


def test_a_fault_is_told_with_file_and_line_and_nothing_is_asked(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE + WRONG)
    out = applied(bench, capsys, "--yes", ends=1)
    assert "a.yaml:7:17: unknown-kind" in out
    assert "mend that first; the old ones go on" in out
    assert not bench.swapped


def test_files_that_change_between_plan_and_answer_are_not_applied(
    bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    answer(monkeypatch, "y\n", lambda: write_rules(bench.folder, CROWD))
    assert "the files changed after they were checked" in applied(bench, capsys, ends=1)
    assert not bench.swapped


def test_files_that_change_as_the_post_reads_them_are_not_applied(
    bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    swap = bench.reloading.hang_up
    monkeypatch.setattr(bench.reloading, "hang_up", lambda: (write_rules(bench.folder, CROWD), swap()))
    assert "the files changed after they were checked" in applied(bench, capsys, "--yes", ends=1)
    assert not bench.swapped


def test_whoever_was_overtaken_is_told_by_whom(bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_else() -> None:
        write_rules(bench.folder, CROWD)
        version = bench.answer()["version"]
        wish = request.new("siti", history.APPLY, planned_version(bench))
        request.put(bench.settings.data_dir, wish)
        bench.reloading.hang_up()
        assert bench.answer()["version"] != version
        write_rules(bench.folder, SMOKE + CROWD)

    write_rules(bench.folder, SMOKE + CROWD)
    answer(monkeypatch, "y\n", somebody_else)
    out = " ".join(applied(bench, capsys, ends=1).split())
    assert "was applied (apply by siti)" in out
    assert bench.answer()["loaded"] == 1


def planned_version(bench: Bench) -> str:
    from dispatcher.post.release import planning

    return planning.files(bench.settings).version


def test_of_two_at_once_the_second_is_told_who_is_at_it(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    with alone(bench.settings.data_dir, "siti"):
        assert "siti is changing this post's rules" in applied(bench, capsys, "--yes", ends=75)
    assert not bench.swapped
    applied(bench, capsys, "--yes")
    assert bench.answer()["loaded"] == 2


def test_what_the_matcher_refuses_is_no_success(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    bench.refusals = (Refusal("ramai#0", RefusalReason.BAD_REGEX, ""),)
    assert "the rule engine refuses these rules" in " ".join(applied(bench, capsys, "--yes", ends=1).split())
    assert bench.answer()["loaded"] == 1


def test_a_post_that_does_not_answer_keeps_no_wish_for_later(
    bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "PATIENCE_S", 0.3)
    monkeypatch.setattr(bench.reloading, "hang_up", lambda: None)
    write_rules(bench.folder, SMOKE + CROWD)
    out = " ".join(applied(bench, capsys, "--yes", ends=75).split())
    assert f"Version {bench.answer()['version']} runs" in out
    assert not (bench.settings.data_dir / request.NAME).exists()


def test_a_site_that_changed_is_checked_for_what_runs_and_needs_a_restart(bench: Bench, capsys: Capture) -> None:
    site = bench.folder / "site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("zone: parkir", "zone: gang"), encoding="utf-8")
    write_rules(bench.folder, SMOKE.replace("{event: smoke}", "{event: smoke, where: {zone: meja}}"))
    applied(bench, capsys, "--yes")
    assert bench.answer()["needs_restart"] == ["site"]


def test_a_post_that_is_away_reads_the_files_at_its_start_and_knows_who_put_them_there(
    away: Bench, capsys: Capture
) -> None:
    write_rules(away.folder, SMOKE + CROWD)
    assert "it reads these files at its start" in " ".join(applied(away, capsys, "--yes").split())
    said = Bench(away.folder).start().answer()
    assert (said["who"], said["how"], said["loaded"]) == ("budi", "apply", 2)


def test_before_the_first_start_there_is_nothing_to_write_to(tmp_path: Path, capsys: Capture) -> None:
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE)
    assert main(["apply", "--config", str(tmp_path / "post.yaml"), "--yes"]) == 0
    assert not (tmp_path / "data").exists()


def test_a_disk_without_room_for_the_wish_ends_with_74_and_changes_nothing(bench: Bench, capsys: Capture) -> None:
    (bench.settings.data_dir / (request.NAME + ".new")).mkdir()  # nothing can be written there
    write_rules(bench.folder, SMOKE + CROWD)
    assert "apply.json" in applied(bench, capsys, "--yes", ends=74)
    assert not bench.swapped


def test_behind_sudo_the_person_is_named_and_without_any_name_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dispatcher.cli.release.settings import who

    assert who() == "budi"
    for variable in ("SUDO_USER", "LOGNAME", "USER"):
        monkeypatch.setenv(variable, "bad\nname")
    assert "\n" not in who()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert who() == "uid-4000000001"


def test_a_failing_test_keeps_the_old_rules_unless_a_person_says_otherwise(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE.replace("high", "medium") + CROWD)
    (bench.folder / "rules" / "a.test.yaml").write_text(TEST, encoding="utf-8")
    assert "--despite-tests" in applied(bench, capsys, "--yes", ends=1)
    assert not bench.swapped
    applied(bench, capsys, "--yes", "--despite-tests")
    assert bench.answer()["loaded"] == 2
