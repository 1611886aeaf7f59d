"""What the handbook shows of a plan is what a technician would see; only times and hashes are another day's."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from dispatcher.cli import main
from dispatcher.post.release import history, planning, request
from tests.docs.pages import LANGUAGES, blocks
from tests.support.brokers import free_port
from tests.support.workbench import CROWD, SMOKE, TEST, Bench, Lived, serving, write_post, write_rules

NEW = SMOKE.replace("- id: asap", "- id: asap-gang").replace("{event: smoke}", "{event: smoke, where: {zone: parkir}}")
VERSION = re.compile(r"\b[0-9a-f]{12}\b")
MOMENT = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d\d:\d\d(:\d\d)?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_in_the_handbook_is_what_apply_shows(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = [one for one in blocks() if one.info == "text plan" and f"/{language}/" in one.file]
    monkeypatch.setenv("KENTONGAN_LANG", language)
    monkeypatch.chdir(tmp_path)
    with serving(a_post_with_rules_by_budi(tmp_path)):
        write_rules(tmp_path, NEW + CROWD.replace("at_least: 3", "at_least: 2"), "gang.yaml")
        monkeypatch.setattr("sys.stdin", io.StringIO("?\n"))
        capsys.readouterr()
        assert main(["apply"]) == 1
    shown, question, _ = capsys.readouterr().out.rpartition("]")
    shown += question
    assert shown.startswith("pos-03 ")
    assert masked(shown) == masked(block.body.rstrip())


def a_post_with_rules_by_budi(folder: Path) -> Bench:
    """Return a post that saw five motions, with rules that budi has applied."""
    write_post(folder, http={"listen": f"127.0.0.1:{free_port()}"})
    write_rules(folder, SMOKE, "a.yaml")
    write_rules(folder, CROWD, "gang.yaml")
    (folder / "rules" / "a.test.yaml").write_text(TEST, encoding="utf-8")
    lived = Lived(folder)
    lived.see(5)
    lived.close()
    wish = request.new("budi", history.APPLY, planning.files(lived.settings).version)
    request.put(lived.settings.data_dir, wish)
    return Bench(folder).start()


def masked(text: str) -> str:
    return MOMENT.sub("T", VERSION.sub("V", text))
