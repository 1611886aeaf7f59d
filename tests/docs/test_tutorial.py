"""The tutorial and the recipes are followed as they stand: their commands are run, their questions answered, their files and words compared."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dispatcher.cli.app import main
from tests.docs.pages import LANGUAGES, ROOT, Block, blocks

LEFT_OUT = "..."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["tutorial", "recipes"])
def test_every_step_of_a_page_works(
    language: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("config", "rules"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KENTONGAN_LANG", language)
    steps = [block for block in blocks() if block.file == f"docs/{language}/{page}.md"]
    for conversation in (block for block in steps if block.info == "talk"):
        answer(monkeypatch, conversation)
    printed = ""
    for block in steps:
        if block.info == "sh":
            run(block)
            both = capsys.readouterr()
            printed = both.out + both.err
        else:
            compare(block, tmp_path, printed)


def answer(monkeypatch: pytest.MonkeyPatch, conversation: Block) -> None:
    """Give the answers of a conversation: what stands behind each ``>``."""
    lines = [line for line in conversation.body.splitlines() if "> " in f"{line} " and not line.startswith(" ")]
    left = iter(lines)

    def read(prompt: str) -> str:
        line = next(left)
        assert line.startswith(prompt.rstrip()), (line, prompt)
        print(line)
        return line.removeprefix(prompt.rstrip()).strip()

    monkeypatch.setattr("builtins.input", read)


def run(block: Block) -> None:
    for line in block.body.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        if words[0] == "kentongan":
            main(words[1:])
        else:
            assert words[0] == "sed", line
            subprocess.run(words, check=True)


def compare(block: Block, folder: Path, printed: str) -> None:
    """Hold a block to what is there: a file's text, what was asked, what was printed."""
    if block.info.startswith("yaml shows="):
        text = (folder / block.info.partition("=")[2]).read_text(encoding="utf-8")
        assert block.body in text, text
        return
    assert block.info in ("talk", "said"), block.info
    for line in block.body.splitlines():
        if line.strip() != LEFT_OUT:
            assert line in printed, (line, printed)
