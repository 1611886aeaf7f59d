"""Which rules run, who put them there, and what is said where the files say otherwise."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dispatcher.matcher.port import Refusal, RefusalReason
from dispatcher.post.release import history, request
from tests.support.workbench import CROWD, SMOKE, WRONG, Bench, write_post, write_rules

OFF = SMOKE.replace("- id: asap", "- id: mati\n  enabled: false")
OF_PRECINCT = SMOKE.replace("- id: asap", "- id: di-polsek\n  runs_at: precinct").replace("smoke", "check_in")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE)
    return Bench(tmp_path).start()


def test_a_started_post_says_which_rules_run_since_when_and_how_they_came(bench: Bench) -> None:
    answer = bench.answer()
    assert (answer["post"], answer["loaded"], answer["in_files"], answer["applied"]) == ("pos-03", 1, 1, True)
    assert answer["version"] == answer["files_version"] != "empty"
    assert (answer["how"], answer["who"], answer["fault"]) == ("start", "", None)
    assert answer["since"] == "2026-11-30T07:53:20+07:00"
    assert [one.version for one in history.read(bench.settings.data_dir)] == [answer["version"]]


def test_rules_that_are_off_or_belong_to_the_precinct_are_not_counted(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD + OFF + OF_PRECINCT)
    bench.reloading.hang_up()
    assert (bench.value("kentongan_rules_loaded"), bench.value("kentongan_rules_in_files")) == (2, 2)


def test_a_signal_alone_is_noted_without_a_name(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    bench.reloading.hang_up()
    last = history.read(bench.settings.data_dir)[-1]
    assert (last.how, last.who, last.rules, last.files) == ("signal", "", 2, ("0/a.yaml",))


def test_a_wish_is_answered_by_its_token_and_noted_with_its_name(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    wish = wished(bench)
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["answered"], answer["who"], answer["how"]) == (wish.id, "budi", "apply")
    assert history.read(bench.settings.data_dir)[-1].who == "budi"


def test_a_plain_signal_right_behind_a_wish_does_not_take_its_answer_away(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    wish = wished(bench)
    bench.reloading.hang_up()
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["answered"], answer["who"]) == (wish.id, "budi")


def test_files_that_changed_after_they_were_checked_are_not_taken(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    wish = wished(bench)
    write_rules(bench.folder, CROWD)
    before = bench.answer()["version"]
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["answered"], answer["moved"], answer["version"]) == (wish.id, True, before)
    assert not bench.swapped


STALE: list[Callable[[request.Request], request.Request]] = [
    lambda wish: replace(wish, at_s=wish.at_s - 120),
    lambda wish: replace(wish, pid=2**22 + 1),
    lambda wish: replace(wish, who="budi\nanyone"),
]


@pytest.mark.parametrize("spoil", STALE, ids=["old", "of a command that died", "with a name that is none"])
def test_a_wish_that_nobody_waits_for_is_no_wish(bench: Bench, spoil: Callable[[request.Request], object]) -> None:
    wish = wished(bench)
    request.put(bench.settings.data_dir, spoil(wish))  # type: ignore[arg-type]
    write_rules(bench.folder, SMOKE + CROWD)  # not what it was for
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["how"], answer["loaded"], answer["moved"]) == ("signal", 2, False)
    assert not (bench.settings.data_dir / request.NAME).exists()


def test_who_wished_while_the_post_was_away_has_put_the_rules_there(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    wish = wished(bench)
    again = Bench(bench.folder).start()
    assert (again.answer()["who"], again.answer()["answered"]) == ("budi", wish.id)
    assert Bench(bench.folder).start().answer()["who"] == "budi"  # and still after the next start


def test_a_fault_keeps_the_old_rules_is_told_once_and_counted(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD + WRONG)
    before = bench.answer()["version"]
    wish = wished(bench)
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["version"], answer["applied"], answer["answered"]) == (before, False, wish.id)
    assert "a.yaml:10:17: unknown-kind" in answer["fault"]["en"][0]
    assert (answer["loaded"], answer["in_files"]) == (1, 3)
    assert "a.yaml:10:17" in bench.told[-1].text
    assert bench.value("kentongan_config_faults") == 1


def test_a_file_that_is_no_yaml_is_counted_by_what_looks_like_rules(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD + "\t- nonsense: [\n")
    bench.reloading.hang_up()
    assert bench.answer()["in_files"] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="no permission stops root")
def test_a_folder_that_cannot_be_looked_into_is_a_fault_and_no_empty_folder(bench: Bench) -> None:
    inner = bench.folder / "rules" / "inner"
    inner.mkdir()
    inner.chmod(0)
    try:
        bench.reloading.hang_up()
    finally:
        inner.chmod(0o700)
    assert bench.answer()["fault"]["count"] == 1
    assert not bench.swapped


def test_a_link_to_nowhere_is_a_fault_and_not_a_rule_less(bench: Bench) -> None:
    (bench.folder / "rules" / "b.yaml").symlink_to(bench.folder / "gone.yaml")
    bench.reloading.hang_up()
    assert "b.yaml: file-unreadable" in bench.answer()["fault"]["en"][0]
    assert not bench.swapped


def test_rules_that_the_matcher_refuses_are_told_and_the_old_ones_stay(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    before = bench.answer()["version"]
    bench.refusals = (Refusal("ramai#0", RefusalReason.BAD_REGEX, ""),)
    wish = wished(bench)
    bench.reloading.hang_up()
    answer = bench.answer()
    assert (answer["version"], answer["loaded"], answer["in_files"], answer["answered"]) == (before, 1, 2, wish.id)
    assert "1 dari 2 aturan" in bench.told[-1].text


def test_a_matcher_that_takes_no_rules_at_a_start_is_an_alarm_and_a_difference_in_the_metrics(tmp_path: Path) -> None:
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE)
    bench = Bench(tmp_path).start(refused=1)
    assert [one.kind for one in bench.told] == ["config.fault"]
    assert (bench.value("kentongan_rules_loaded"), bench.value("kentongan_rules_in_files")) == (0, 1)


def test_files_that_are_all_gone_are_told_and_not_taken_for_a_wish(bench: Bench) -> None:
    (bench.folder / "rules" / "a.yaml").unlink()
    bench.reloading.hang_up()
    assert bench.answer()["loaded"] == 0
    assert "tidak ada satu aturan pun" in bench.told[-1].text


def test_edited_files_are_seen_within_two_minutes_and_told_after_an_hour_once(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + WRONG)
    bench.look(2)
    assert (bench.answer()["applied"], bench.value("kentongan_rules_unapplied")) == (False, 1)
    bench.look(30)
    assert not bench.told
    for minutes in (64, 70, 600):
        bench.look(minutes)
    (told,) = bench.told
    assert told.kind == "config.unapplied"
    assert "a.yaml:7:17" in told.text


def test_files_that_are_put_back_are_nothing_to_tell(bench: Bench) -> None:
    write_rules(bench.folder, SMOKE + CROWD)
    bench.look(2)
    write_rules(bench.folder, SMOKE)
    bench.look(4)
    bench.look(120)
    assert not bench.told
    assert bench.answer()["applied"]


def test_a_start_with_older_rules_than_the_files_says_so(bench: Bench) -> None:
    before = bench.answer()["version"]
    write_rules(bench.folder, SMOKE + WRONG)
    answer = Bench(bench.folder).start().answer()
    assert (answer["version"], answer["applied"], answer["loaded"], answer["in_files"]) == (before, False, 1, 2)
    assert answer["fault"]["count"] == 1


def test_in_safe_mode_no_rule_runs_and_a_reload_ends_it(bench: Bench) -> None:
    safe = Bench(bench.folder).start(safe_mode=True)
    assert (safe.answer()["version"], safe.answer()["safe_mode"], safe.answer()["loaded"]) == ("safe-mode", True, 0)
    assert (safe.answer()["applied"], safe.answer()["since"][:4]) == (False, "2026")
    assert safe.value("kentongan_rules_in_files") == 1
    safe.reloading.hang_up()
    assert (safe.answer()["safe_mode"], safe.answer()["loaded"]) == (False, 1)


def test_a_full_disk_costs_no_rule_and_the_note_is_made_once_there_is_room(bench: Bench) -> None:
    kept = bench.settings.data_dir / "kept"
    blocks = [bench.settings.data_dir / (history.NAME + ".new"), kept]
    away = kept.rename(bench.folder / "kept-away")
    blocks[0].mkdir()
    kept.write_text("no room", encoding="ascii")  # nothing can be written in either place
    write_rules(bench.folder, SMOKE + CROWD)
    wish = wished(bench)
    bench.reloading.hang_up()
    version = bench.answer()["version"]
    assert (bench.answer()["loaded"], bench.answer()["answered"]) == (2, wish.id)
    bench.look(2)
    assert version not in [one.version for one in history.read(bench.settings.data_dir)]

    blocks[0].rmdir()
    kept.unlink()
    away.rename(kept)
    bench.look(4)
    bench.look(6)
    assert [(one.version, one.who) for one in history.read(bench.settings.data_dir)][1:] == [(version, "budi")]
    assert (kept / f"rules-{version}.json").is_file()


def test_a_changed_site_is_named_as_what_needs_a_restart(bench: Bench) -> None:
    with (bench.folder / "site.yaml").open("a", encoding="utf-8") as site:
        site.write("- {id: pir-2, profile: kentongan, role: motion, post: pos-03}\n")
    bench.reloading.hang_up()
    assert bench.answer()["needs_restart"] == ["site"]


def test_the_last_versions_are_kept_with_their_texts_and_tests(bench: Bench) -> None:
    (bench.folder / "rules" / "a.test.yaml").write_text("tests: []\n", encoding="utf-8")
    write_rules(bench.folder, CROWD)
    bench.reloading.hang_up()
    last = history.read(bench.settings.data_dir)[-1]
    assert last.test_files == ("0/a.test.yaml",)
    kept = {path.name for path in (bench.settings.data_dir / "kept").iterdir()}
    assert {f"rules-{last.version}.json", f"tests-{last.tests}.json"} <= kept


def wished(bench: Bench) -> request.Request:
    """Wish for the files as they are now."""
    from dispatcher.settings.sources import collect

    wish = request.new("budi", history.APPLY, collect(bench.settings.rules).version)
    request.put(bench.settings.data_dir, wish)
    assert wish.at_s <= time.clock_gettime(time.CLOCK_BOOTTIME)
    return wish
