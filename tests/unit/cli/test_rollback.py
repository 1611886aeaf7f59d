"""``kentongan rollback`` and ``versions``: back to what ran before, and nothing that a person wrote is thrown away."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.cli import main
from dispatcher.post.release import history
from tests.support.brokers import free_port
from tests.support.workbench import CROWD, SMOKE, TEST, WRONG, Bench, Lived, serving, write_post, write_rules

Capture = pytest.CaptureFixture[str]
MORE = CROWD.replace("- id: ramai", "- id: ramai-lagi")


@pytest.fixture(autouse=True)
def budi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", "en")
    monkeypatch.setenv("SUDO_USER", "budi")


@pytest.fixture
def bench(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A post that runs its third version: a.yaml with a test; then a.yaml and b.yaml; then another b.yaml, no test."""
    write_post(tmp_path, http={"listen": f"127.0.0.1:{free_port()}"})
    monkeypatch.chdir(tmp_path)
    write_rules(tmp_path, SMOKE)
    test = tmp_path / "rules" / "a.test.yaml"
    test.write_text(TEST, encoding="utf-8")
    with serving(Bench(tmp_path).start()) as bench:
        write_rules(tmp_path, CROWD, "b.yaml")
        ran(bench, capsys, "apply", "--yes")
        write_rules(tmp_path, MORE, "b.yaml")
        test.unlink()
        ran(bench, capsys, "apply", "--yes")
        yield bench


def ran(bench: Bench, capsys: Capture, *words: str, ends: int = 0) -> str:
    capsys.readouterr()
    assert main([*words, "--config", str(bench.folder / "post.yaml")]) == ends
    out = capsys.readouterr()
    assert all(len(line) <= 60 for line in out.out.splitlines() if "/" not in line), out.out
    return out.out + out.err


def hashes(bench: Bench) -> list[str]:
    return [one.version for one in history.read(bench.settings.data_dir)]


def files(bench: Bench) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (bench.folder / "rules").rglob("*.yaml")}


def aside(bench: Bench) -> dict[str, str]:
    found = (bench.settings.data_dir / "aside").rglob("*.yaml")
    return {path.name: path.read_text(encoding="utf-8") for path in found}


def test_one_step_back_puts_files_and_tests_back_and_the_post_swaps(bench: Bench, capsys: Capture) -> None:
    _, second, _ = hashes(bench)
    before = files(bench)
    out = ran(bench, capsys, "rollback", "--yes")
    assert f"back to version {second}" in out
    assert "write rules/b.yaml" in out
    said = bench.answer()
    assert (said["version"], said["who"], said["how"], said["applied"]) == (second, "budi", "rollback", True)
    assert "- id: ramai\n" in files(bench)["b.yaml"]
    assert files(bench)["a.test.yaml"] == TEST
    assert aside(bench) == {"b.yaml": before["b.yaml"]}


def test_two_steps_back_take_a_file_out_and_keep_it_aside(bench: Bench, capsys: Capture) -> None:
    first, _, _ = hashes(bench)
    ran(bench, capsys, "rollback", "--yes")
    assert "take out rules/b.yaml" in ran(bench, capsys, "rollback", "--yes")
    assert bench.answer()["version"] == first
    assert set(files(bench)) == {"a.yaml", "a.test.yaml"}
    assert "b.yaml" in aside(bench)
    assert "there is no version before" in ran(bench, capsys, "rollback", "--yes", ends=64)


def test_a_version_may_be_named_by_the_beginning_of_its_hash(bench: Bench, capsys: Capture) -> None:
    first, _, third = hashes(bench)
    ran(bench, capsys, "rollback", first[:6], "--yes")
    assert bench.answer()["version"] == first
    ran(bench, capsys, "rollback", third, "--yes")
    assert bench.answer()["version"] == third
    assert "there is no version zzz" in ran(bench, capsys, "rollback", "zzz", ends=64)
    assert "may mean" in ran(bench, capsys, "rollback", "", ends=64)


def test_what_was_edited_and_never_applied_is_kept_aside_too(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, WRONG, "b.yaml")
    write_rules(bench.folder, MORE, "new.yaml")
    ran(bench, capsys, "rollback", "--yes")
    assert "id: salah" in aside(bench)["b.yaml"]
    assert "new.yaml" in aside(bench)
    assert "new.yaml" not in files(bench)


def test_going_back_to_what_runs_throws_edits_out_of_the_folder_and_changes_no_rule(
    bench: Bench, capsys: Capture
) -> None:
    third = hashes(bench)[-1]
    write_rules(bench.folder, WRONG, "b.yaml")
    out = ran(bench, capsys, "rollback", third, "--yes")
    assert "the same as what runs" in out
    assert (bench.answer()["version"], bench.answer()["applied"]) == (third, True)
    assert "id: salah" in aside(bench)["b.yaml"]


def test_no_is_no(bench: Bench, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    before = files(bench)
    assert "not applied" in ran(bench, capsys, "rollback", ends=1)
    assert files(bench) == before


def test_a_version_that_no_longer_passes_the_check_changes_nothing(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, SMOKE.replace("{event: smoke}", "{event: smoke, where: {zone: parkir}}"), "b.yaml")
    (bench.folder / "rules" / "a.yaml").unlink()
    ran(bench, capsys, "apply", "--yes", "--despite-tests")
    spoilt = hashes(bench)[-1]
    ran(bench, capsys, "rollback", "--yes")
    site = bench.folder / "site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("zone: parkir", "zone: gang"), encoding="utf-8")
    before, runs = files(bench), bench.answer()["version"]
    again = Bench(bench.folder).start()  # with the new site
    bench.reloading = again.reloading
    out = ran(bench, capsys, "rollback", spoilt, "--yes", ends=1)
    assert "unknown-name" in out
    assert "does not pass the check any more: nothing was changed" in " ".join(out.split())
    assert (files(bench), bench.answer()["version"]) == (before, runs)


def test_a_version_whose_text_is_gone_changes_nothing(bench: Bench, capsys: Capture) -> None:
    first, second, _ = hashes(bench)
    (bench.settings.data_dir / "kept" / f"rules-{second}.json").unlink()
    assert "not kept any more" in ran(bench, capsys, "rollback", "--yes", ends=1)
    assert f"- {second}" in ran(bench, capsys, "versions")
    ran(bench, capsys, "rollback", first, "--yes")


def test_a_kept_text_that_was_spoilt_is_not_put_back(bench: Bench, capsys: Capture) -> None:
    second = hashes(bench)[1]
    kept = bench.settings.data_dir / "kept" / f"rules-{second}.json"
    kept.write_text(kept.read_text(encoding="utf-8").replace("ramai", "damai"), encoding="utf-8")
    assert "not kept any more" in ran(bench, capsys, "rollback", "--yes", ends=1)


def test_files_that_cannot_be_read_cannot_be_put_aside_and_nothing_is_changed(bench: Bench, capsys: Capture) -> None:
    (bench.folder / "rules" / "c.yaml").symlink_to(bench.folder / "gone.yaml")
    before = bench.answer()["version"]
    out = ran(bench, capsys, "rollback", "--yes", ends=1)
    assert "c.yaml: file-unreadable" in out
    assert bench.answer()["version"] == before


def test_a_folder_that_somebody_deleted_comes_back(bench: Bench, capsys: Capture) -> None:
    for path in (bench.folder / "rules").iterdir():
        path.unlink()
    (bench.folder / "rules").rmdir()
    ran(bench, capsys, "rollback", hashes(bench)[-1], "--yes")
    assert set(files(bench)) == {"a.yaml", "b.yaml"}
    assert bench.answer()["applied"]


def test_a_file_that_cannot_be_written_changes_nothing(bench: Bench, capsys: Capture) -> None:
    (bench.folder / "rules" / "b.yaml.kentongan-new").mkdir()
    before, runs = files(bench), bench.answer()["version"]
    out = ran(bench, capsys, "rollback", "--yes", ends=74)
    assert "files cannot be written: nothing was changed" in out
    assert (files(bench), bench.answer()["version"]) == (before, runs)


@pytest.mark.skipif(os.geteuid() == 0, reason="no permission stops root")
def test_a_folder_that_may_not_be_written_changes_nothing(bench: Bench, capsys: Capture) -> None:
    (bench.folder / "rules").chmod(0o500)
    try:
        assert "nothing was changed" in ran(bench, capsys, "rollback", "--yes", ends=74)
    finally:
        (bench.folder / "rules").chmod(0o700)


def test_a_post_that_is_away_finds_the_old_rules_at_its_start(tmp_path: Path, capsys: Capture) -> None:
    write_post(tmp_path)
    write_rules(tmp_path, SMOKE)
    Bench(tmp_path).start()
    write_rules(tmp_path, CROWD)
    away = Bench(tmp_path).start()
    assert "at its start" in " ".join(ran(away, capsys, "rollback", "--yes").split())
    said = Bench(tmp_path).start().answer()
    assert (said["how"], said["who"], said["version"]) == ("rollback", "budi", hashes(away)[0])


def test_versions_are_listed_newest_first_with_who_and_how_and_what_runs(bench: Bench, capsys: Capture) -> None:
    first, second, third = hashes(bench)
    lines = ran(bench, capsys, "versions").splitlines()
    assert lines[0] == f"* {third}  30 Nov 07:53     2 rules  apply by budi"
    assert lines[1] == f"  {second}  30 Nov 07:53     2 rules  apply by budi"
    assert lines[2] == f"  {first}  30 Nov 07:53     1 rules  at a start"
    assert "* what runs" in lines
    ran(bench, capsys, "rollback", "--yes")
    lines = ran(bench, capsys, "versions").splitlines()
    assert lines[0] == f"* {second}  30 Nov 07:53     2 rules  rollback by budi"


def test_versions_say_when_the_files_are_others(bench: Bench, capsys: Capture) -> None:
    write_rules(bench.folder, CROWD, "c.yaml")
    assert "not applied (kentongan plan)" in " ".join(ran(bench, capsys, "versions").split())


def test_a_long_list_is_cut_unless_all_is_asked_for(bench: Bench, capsys: Capture) -> None:
    for number in range(30):
        write_rules(bench.folder, MORE.replace("Ramai", f"Ramai {number}"), "b.yaml")
        bench.reloading.hang_up()
    assert "… and 13 older ones (--all)" in ran(bench, capsys, "versions")
    assert "older ones" not in ran(bench, capsys, "versions", "--all")


def test_before_the_first_start_there_are_none(tmp_path: Path, capsys: Capture) -> None:
    write_post(tmp_path)
    assert main(["versions", "--config", str(tmp_path / "post.yaml")]) == 0
    assert "no rules have ever run here" in capsys.readouterr().out
    assert main(["rollback", "--config", str(tmp_path / "post.yaml")]) == 64


def test_a_rollback_says_what_rules_forget(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    write_post(tmp_path)
    monkeypatch.chdir(tmp_path)
    write_rules(tmp_path, SMOKE)
    Bench(tmp_path).start()
    write_rules(tmp_path, SMOKE + CROWD)
    away = Bench(tmp_path).start()
    lived = Lived(tmp_path)
    lived.see(2)
    lived.close()
    out = ran(away, capsys, "rollback", "--yes")
    assert "- ramai\n  forgets: 2 events in windows\n" in out


def test_in_safe_mode_the_step_back_is_behind_the_rules_that_ran_last(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_post(tmp_path, http={"listen": f"127.0.0.1:{free_port()}"})
    monkeypatch.chdir(tmp_path)
    for text in (SMOKE, SMOKE + CROWD):
        write_rules(tmp_path, text)
        Bench(tmp_path).start()
    with serving(Bench(tmp_path).start(safe_mode=True)) as safe:
        first, _ = hashes(safe)
        assert "safe_mode: the program kept ending" in ran(safe, capsys, "plan")
        ran(safe, capsys, "rollback", "--yes")
        assert (safe.answer()["version"], safe.answer()["safe_mode"]) == (first, False)
