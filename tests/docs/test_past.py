"""What the handbook shows of the commands about the past is what they print, letter by letter, over one told night."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dispatcher.cli.app import main
from tests.docs.pages import Block, blocks
from tests.support.pasts import NIGHT, night_of_the_handbook

SHOWN = [block for block in blocks() if block.info == "past"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the night's data_dir and the rules that the handbook tries on it."""
    folder = tmp_path_factory.mktemp("handbook")
    night_of_the_handbook(folder / "pos-03")
    (folder / "rules").mkdir()
    (folder / "rules" / "ramai.yaml").write_text("version: 1\nrules:" + NIGHT.replace("at_least: 3", "at_least: 2"))
    return folder


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in SHOWN])
def test_a_command_prints_what_the_handbook_shows(
    block: Block, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setenv("KENTONGAN_LANG", "en" if "/en/" in block.file else "id")
    command, _, shown = block.body.partition("\n")
    capsys.readouterr()
    code = main(shlex.split(command.removeprefix("$ kentongan ")))
    printed = capsys.readouterr()
    assert [line.rstrip() for line in (printed.out + printed.err).splitlines()] == shown.splitlines()
    assert code in (0, 1)


def test_both_languages_show_the_same_commands() -> None:
    shown = {
        language: [block.body.partition("\n")[0] for block in SHOWN if f"/{language}/" in block.file]
        for language in ("id", "en")
    }
    assert shown["id"] == shown["en"] != []
