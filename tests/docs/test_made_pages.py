"""The pages that are made from the code are the ones in the handbook, and each fault's example raises that fault."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from dispatcher.cli.app import main
from tests.docs import facts
from tests.docs.pages import LANGUAGES, ROOT, Block, blocks, page, rows


def script(name: str) -> ModuleType:
    """Return a script of ``scripts/`` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RAISES = "yaml raises="
RAISING = [block for block in blocks() if block.info.startswith(RAISES)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["reference", "fault-examples"])
def test_a_page_made_from_the_code_is_current(language: str, name: str) -> None:
    made = script("handbook").PAGES[name](language)
    assert page(language, name) == made, "python scripts/handbook.py"


@pytest.mark.parametrize("block", [block for block in RAISING if "/id/" in block.file], ids=lambda block: block.info)
def test_an_example_of_a_fault_raises_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "contoh.yaml").write_text(block.body, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code = block.info.removeprefix(RAISES)
    found = main(["check", "--site", str(ROOT / "config" / "site.yaml"), "contoh.yaml"])
    assert f": {code}: " in capsys.readouterr().err
    assert found == (0 if code.startswith("lint-") else 1)


def lint_codes() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "dispatcher" / "rules").glob("lint*.py")]
    return {f"lint-{word}" for text in sources for word in re.findall(r'_note\([^"]*"([a-z]+)"', text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_check_reports_has_an_example_and_a_row(language: str) -> None:
    listed = {cells[0].strip("`") for cells in rows(page(language, "faults")) if cells[0].startswith("`")}
    shown = {block.info.removeprefix(RAISES) for block in RAISING if f"/{language}/" in block.file}
    assert lint_codes()
    assert lint_codes() <= listed
    untold = script("fault_examples").WITHOUT_EXAMPLE
    known = listed | facts.fault_codes()
    assert known - shown == untold & known
    assert shown <= listed
    assert untold <= listed
