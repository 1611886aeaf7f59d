"""What the YAML library says, in the words of somebody who has never heard of tokens and scalars.

The parser names where it stuck; what to mend is mostly plain from the line that stands there.
"""

import re
from collections.abc import Sequence

from dispatcher.domain.faults import Text

TAB = Text("ganti tab di baris {at} dengan spasi", "replace the tab in line {at} by spaces")
SPECIAL_SPACE = Text(
    "baris {at} berisi spasi khusus, hasil salin dari WhatsApp atau web: hapus dan ketik ulang spasinya",
    "line {at} holds a special space, copied from a chat or a page: delete its spaces and type them anew",
)
SMART_QUOTES = Text(
    'baris {at} berisi tanda kutip miring “ ”, hasil salin dari WhatsApp: ganti dengan "',
    'line {at} holds curly quotes “ ”, copied from a chat: replace them by "',
)
COLON_IN_TEXT = Text(
    'teks yang berisi titik dua ditulis di antara tanda kutip: "Awas: api"',
    'text that holds a colon stands between quotes: "Look: fire"',
)
SPACE_AFTER_COLON = Text(
    "sesudah nama kunci tulis titik dua dan satu spasi: severity: high",
    "a key ends with a colon and a space: severity: high",
)
QUOTE_SIGN = Text(
    "nilai yang diawali tanda seperti > @ % ` ditulis di antara tanda kutip",
    "a value that begins with a sign like > @ % ` stands between quotes",
)
CLOSE_BRACKET = Text(
    "tutup kurung yang dibuka di baris {began}: } untuk {, ] untuk [",
    "close what was opened, from line {began} on: } for {, ] for [",
)

_SAID = {
    "found a tab character": "ada tab",
    "found character that cannot start any token": "tanda ini tidak boleh di awal",
    "mapping values are not allowed": "titik dua yang tidak diharapkan",
    "did not find expected ',' or '}'": "koma atau } tidak ditemukan",
    "did not find expected ',' or ']'": "koma atau ] tidak ditemukan",
    "did not find expected comment or line break": "tanda > atau | di awal nilai tidak boleh di sini",
    "did not find expected key": "baris ini tidak pada tempatnya",
    "did not find expected '-' indicator": "tanda - di awal baris tidak ditemukan",
    "could not find expected ':'": "titik dua sesudah nama kunci tidak ditemukan",
    "did not find expected node content": "nilainya tidak ditemukan",
    "found unexpected end of stream": "berkas berakhir terlalu cepat",
    "found unknown escape character": "tanda \\ tidak dikenal di sini",
    "block sequence entries are not allowed": "tanda - tidak boleh di sini",
    "found undefined alias": "tanda * di awal nilai berarti alias",
    "control characters are not allowed": "ada tanda yang tidak terlihat",
}


def in_indonesian(problem: str) -> str:
    """Return what a parser's English sentence says; an unknown one as it is."""
    return next((said for words, said in _SAID.items() if words in problem), problem)


_SPECIAL = re.compile("[\u00a0\u2000-\u200b\u202f\u2060\u3000]")
_SMART = re.compile("[\u201c\u201d\u201e]")
_TAB = re.compile(r"\s*\t")


def what_to_do(problem: str, lines: Sequence[str], began: int) -> tuple[Text | None, int]:
    """Return what most likely helps, and in which line: from what the parser said, and the lines up to where it stuck.

    ``began`` is the number of the first of these lines. None where nothing is plain.
    """
    for at, line in reversed(list(enumerate(lines, began))):
        for sign, text in ((_TAB, TAB), (_SPECIAL, SPECIAL_SPACE), (_SMART, SMART_QUOTES)):
            if sign.match(line) if sign is _TAB else sign.search(line):
                return text, at
    return _of_problem(problem, lines[-1] if lines else ""), began + len(lines) - 1


def _of_problem(problem: str, line: str) -> Text | None:
    if "mapping values are not allowed" in problem and line.count(": ") > 1:
        return COLON_IN_TEXT
    if "expected ':'" in problem:
        return SPACE_AFTER_COLON
    if "cannot start any token" in problem or "comment or line break" in problem:
        return QUOTE_SIGN
    return CLOSE_BRACKET if "expected ',' or" in problem else None
