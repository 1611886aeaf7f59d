"""What a technician is told when his YAML cannot be read: in his words, with what to do."""

from __future__ import annotations

import pytest

from dispatcher.domain.faults import Fault
from dispatcher.settings.yamlfile import read_leniently


def faults(text: str) -> tuple[Fault, ...]:
    return read_leniently(text.encode(), "r.yaml")[1]


@pytest.mark.parametrize(
    ("text", "said", "todo"),
    [
        ("a:\n  b: 1\n\tc: 2\n", "ada tab", "ganti tab di baris 3 dengan spasi"),
        ("a:\n  b: 1\n\n\t\tc: 2\n", "tab", "ganti tab di baris 4 dengan spasi"),
        ("a:\n  b: 1\n\u00a0 c: 2\n  d: 3\n", "", "baris 3 berisi spasi khusus"),
        ("a: “Awas: api”\n", "titik dua yang tidak diharapkan", "baris 1 berisi tanda kutip miring"),
        ("a: Awas: api\n", "titik dua yang tidak diharapkan", 'ditulis di antara tanda kutip: "Awas: api"'),
        ("a:\n  severity high\n  b: 1\n", "", "titik dua"),
        ("a: >80\n", "di awal nilai", "ditulis di antara tanda kutip"),
        ("a: @jam\n", "tanda ini tidak boleh di awal", "ditulis di antara tanda kutip"),
        ("a: {b: 1\nc: 2\n", "koma atau } tidak ditemukan", "tutup kurung yang dibuka di baris 1"),
        ("a: [b, 1\nc: 2\n", "koma atau ] tidak ditemukan", "tutup kurung yang dibuka di baris 1"),
        ("a:\n  b: 1\n c: 2\n", "baris ini tidak pada tempatnya", "periksa indentasi"),
    ],
)
def test_a_fault_of_syntax_is_told_in_indonesian_with_what_to_do(text: str, said: str, todo: str) -> None:
    (fault,) = faults(text)
    told = fault.render("id")
    assert fault.code == "yaml-syntax"
    assert said in told
    assert todo in told
    assert "expected" not in told
    assert "{" not in told.replace("} untuk {", "").replace("{b: 1", "")


def test_in_english_the_parser_speaks_itself() -> None:
    (fault,) = faults("a: {b: 1\nc: 2\n")
    assert "did not find expected ',' or '}'" in fault.render("en")
    assert "close what was opened, from line 1 on" in fault.render("en")
