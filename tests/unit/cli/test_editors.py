"""What an editor shows while a rule is written, asked of the language server that most editors run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.cli.schema import SCHEMAS, file_name
from tests.support.langserver import LanguageServer, find

ROOT = Path(__file__).parents[3]
NAMES = {"rules": "r.yaml", "test": "r.test.yaml", "site": "site.yaml", "post": "post.yaml", "devices": "profile.yaml"}
HEAD = "version: 1\nrules:\n- id: a\n"
THEN = "  then: {escalate: precinct, incident: x, severity: low}\n"


@pytest.fixture(scope="module")
def editor() -> Iterator[LanguageServer]:
    command = find()
    if command is None:
        pytest.skip("yaml-language-server is not on the PATH")
    schemas = {ROOT / "config" / "schemas" / file_name(sort): NAMES[sort] for sort in SCHEMAS if sort in NAMES}
    with LanguageServer(command, schemas) as server:
        yield server


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("  when: {event: moton}\n" + THEN, 4, "jenis kejadian ini tidak dikenal"),
        ("  wen: {event: motion}\n" + THEN, 4, "wen"),
        ("  when: {absent: {event: heartbeat}, for: 5m}\n" + THEN, 4, "expect_from"),
        ("  when: {event: panic.press}\n  then: {escalate: none}\n", 5, "tombol panik selalu diteruskan"),
        ("  when: {event: motion, where: {zoen: a}}\n" + THEN, 4, "hampir sama"),
    ],
)
def test_a_slip_is_underlined_in_indonesian(editor: LanguageServer, text: str, line: int, told: str) -> None:
    found = editor.underlined("r.yaml", HEAD + text)
    assert [each for each in found if each[0] == line and told in each[1]], found


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("r.yaml", "rules/ranmor.yaml"),
        ("r.test.yaml", "rules/ranmor.test.yaml"),
        ("site.yaml", "config/site.yaml"),
        ("post.yaml", "config/post.yaml"),
        ("profile.yaml", "devices/tasmota.yaml"),
    ],
)
def test_a_shipped_file_is_not_underlined(editor: LanguageServer, name: str, file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8").partition("\n")[2]  # its first line leads from where it lies
    assert editor.underlined(name, text) == []


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("  when:\n    |\n" + THEN, {"event", "count", "absent", "within"}),
        ("  when:\n    event: |\n" + THEN, {"panic.press", "smoke", "report.tawuran", "door.*"}),
        ("  when: {event: motion}\n  then:\n    escalate: |\n", {"precinct", "fire", "none"}),
        ("  when:\n    event: motion\n    where:\n      value:\n        |\n" + THEN, {"above", "is_not", "matches"}),
    ],
)
def test_what_may_be_written_is_offered(editor: LanguageServer, text: str, offered: set[str]) -> None:
    assert offered <= editor.completed("r.yaml", HEAD + text).keys()


def test_a_word_is_explained_in_both_languages(editor: LanguageServer) -> None:
    shown = editor.hovered("r.yaml", HEAD + "  when: {event: motion}\n  thr|ottle: {once_within: 5m}\n" + THEN)
    assert "paling banyak sekali" in shown
    assert "at most once" in shown
