"""Walking a located tree with every fault collected: the technician sees them all in one run."""

import difflib
import re
from collections.abc import Iterable
from collections.abc import Mapping as Mapping_

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence

UNKNOWN_KEY = Text("kunci {key} tidak dikenal di sini", "unknown key {key} here")
MISSING_KEY = Text("kunci {key} wajib ada", "key {key} is required")
EXPECTED = Text("di sini harus {diharapkan}, bukan {ada}", "expected {expected} here, not {found}")
NEAREST = Text("maksud Anda {nearest}?", "did you mean {nearest}?")
CHOICES = Text("pilihannya: {choices}", "one of: {choices}")

A_MAPPING = "mapping (key: value)"
A_LIST = "list ([a, b])"
A_WORD = "text"


class Reader:
    """Collects faults while a parser walks a tree. Every ``None`` it returns has a fault behind it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        # Names that earlier clauses gave (`as`); None where a condition sees one event only.
        self.aliases: frozenset[str] | None = None
        # Every rule's id and place, those of rules with faults included.
        self.ids: list[tuple[str, Place]] = []
        # By field, the only values that can occur (devices, posts, ...); a field that is not here is open.
        self.names: Mapping_[str, frozenset[str]] = {}

    def fault(self, place: Place, code: str, text: Text, hint: Text | None = None, **values: object) -> None:
        """Note one fault."""
        self.faults.append(Fault(place, code, text, values, hint))

    def expected(self, node: Node, expected: str) -> None:
        """Note that something else should stand here; ``expected`` is said in English, of the words of ``_WORDS``."""
        found = describe(node)
        there = found if isinstance(node, Leaf) else in_indonesian(found)
        wanted = in_indonesian(expected)
        self.fault(node.place, "wrong-type", EXPECTED, expected=expected, diharapkan=wanted, found=found, ada=there)

    def unknown(self, place: Place, code: str, text: Text, name: str, known: Iterable[str], **values: object) -> None:
        """Note an unknown name, with the nearest known one or, for a short list, the choices."""
        choices = sorted(known)
        nearest = difflib.get_close_matches(name, choices, 1, 0.6)
        if nearest:
            self.fault(place, code, text, NEAREST, key=name, nearest=nearest[0], **values)
        else:
            listed = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
            self.fault(place, code, text, CHOICES, key=name, choices=listed, **values)

    def mapping(self, node: Node, known: frozenset[str], required: tuple[str, ...] = ()) -> Mapping | None:
        """Return the node as a mapping with only known keys and all required ones."""
        if not isinstance(node, Mapping):
            self.expected(node, A_MAPPING)
            return None
        for entry in node.entries:
            if entry.key not in known:
                self.unknown(entry.place, "unknown-key", UNKNOWN_KEY, entry.key, known)
        for key in required:
            if node.get(key) is None:
                self.fault(node.place, "missing-key", MISSING_KEY, key=key)
        return node

    def word(self, node: Node | None) -> str | None:
        """Return a non-empty string."""
        if node is None:
            return None
        if isinstance(node, Leaf) and isinstance(node.value, str) and node.value.strip():
            return node.value
        self.expected(node, A_WORD)
        return None

    def choice(self, node: Node | None, allowed: Iterable[str]) -> str | None:
        """Return a word of a closed list."""
        value = self.word(node)
        if value is None or node is None:
            return None
        choices = tuple(allowed)
        if value in choices:
            return value
        self.unknown(node.place, "unknown-word", UNKNOWN_WORD, value, choices)
        return None

    def boolean(self, node: Node | None, default: bool) -> bool:
        """Return ``true`` or ``false``."""
        if node is None:
            return default
        if isinstance(node, Leaf) and isinstance(node.value, bool):
            return node.value
        self.expected(node, "true / false")
        return default

    def words(self, node: Node | None) -> tuple[str, ...]:
        """Return one word or a list of words."""
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        return tuple(word for word in (self.word(item) for item in items) if word is not None)


UNKNOWN_WORD = Text("kata {key} tidak dikenal", "unknown word {key}")


_WORDS = {
    "list of at most": "daftar paling banyak",
    "text of at most": "teks paling banyak",
    "list of conditions": "daftar syarat",
    "list of clauses": "daftar klausa",
    "list of rules": "daftar aturan",
    "for a missing field write": "untuk isian yang tidak ada tulis",
    "mapping (key: value)": "pemetaan (kunci: nilai)",
    "mapping (field: value)": "pemetaan (isian: nilai)",
    "mapping": "pemetaan",
    "number within": "angka dalam",
    "number": "angka",
    "characters": "karakter",
    "values": "nilai",
    "value": "nilai",
    "kinds": "jenis",
    "list": "daftar",
    "text": "teks",
    "a word": "satu kata",
}
_WORD = re.compile("|".join(re.escape(word) if ")" in word else rf"\b{word}\b" for word in _WORDS))


def in_indonesian(phrase: str) -> str:
    """Return what was expected in Indonesian; what stands in braces is as a file has it."""
    if phrase.startswith(("{", "[", '"')):
        return phrase
    return _WORD.sub(lambda found: _WORDS[found[0]], phrase)


def describe(node: Node) -> str:
    """Return what stands there, short enough for a narrow terminal."""
    if isinstance(node, Mapping):
        return "mapping"
    if isinstance(node, Sequence):
        return "list"
    text = "null" if node.value is None else repr(node.value) if isinstance(node.value, str) else str(node.value)
    return text if len(text) <= 40 else text[:39] + "…"
