"""Walking a located tree with every fault collected: the technician sees them all in one run."""

import difflib
import re
from collections.abc import Iterable
from collections.abc import Mapping as Mapping_
from dataclasses import replace

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.meant import meant
from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Sequence

UNKNOWN_KEY = Text("kunci {key} tidak dikenal di sini", "unknown key {key} here")
MISSING_KEY = Text("kunci {key} wajib ada", "key {key} is required")
EXPECTED = Text("di sini harus {diharapkan}, bukan {ada}", "expected {expected} here, not {found}")
NEAREST = Text("maksud Anda {nearest}?", "did you mean {nearest}?")
CHOICES = Text("pilihannya: {choices}", "one of: {choices}")

BELONGS_IN = Text(
    "tempatnya di dalam {home}: geser ke kanan, di bawah {home}", "it belongs in {home}: indent it, below {home}"
)
BELONGS_BESIDE = Text(
    "tempatnya sejajar dengan when dan then: geser ke kiri", "it stands beside when and then: indent it less"
)
NO_QUOTES = Text("tanpa tanda kutip", "without quotes")
A_BOOLEAN = Text("tulis true atau false, tanpa tanda kutip", "write true or false, without quotes")

# Where keys belong that are often indented too little, and those of a rule, indented too much.
_HOMES = {
    "when": frozenset({"within", "for", "between", "after", "group_by", "neighbours", "expect_from", "reuse"}),
    "then": frozenset({"escalate", "incident", "severity", "message", "actions", "set", "avs", "certainty"}),
    "throttle": frozenset({"once_within"}),
}
_BESIDE = frozenset({"only_if", "throttle", "clear_when", "suppressed_by", "runs_at", "notes", "mode", "enabled"})

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
        # What a fault has left unsaid since the last ``settle``.
        self._doubts: set[str] = set()
        # Where the words stand that are judged later, beside other rules (`kinds`, `within`, ...), since `settle`.
        self._places: dict[str, Place] = {}

    def fault(self, place: Place, code: str, text: Text, hint: Text | None = None, **values: object) -> None:
        """Note one fault."""
        self.faults.append(Fault(place, code, text, values, hint))

    def expected(self, node: Node, expected: str) -> None:
        """Note that something else should stand here; ``expected`` is said in English, of the words of ``_WORDS``."""
        found = describe(node)
        there = found if isinstance(node, Leaf) else in_indonesian(found)
        wanted = in_indonesian(expected)
        hint = _hint(node, expected)
        self.fault(
            node.place, "wrong-type", EXPECTED, hint, expected=expected, diharapkan=wanted, found=found, ada=there
        )

    def unknown(self, place: Place, code: str, text: Text, name: str, known: Iterable[str], **values: object) -> None:
        """Note an unknown name, with the nearest known one or, for a short list, the choices."""
        choices = sorted(known)
        nearest = meant(name, choices)
        if nearest is not None:
            self.fault(place, code, text, NEAREST, key=name, nearest=nearest, **values)
        else:
            listed = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
            self.fault(place, code, text, CHOICES if choices else None, key=name, choices=listed, **values)

    def doubt(self, what: str) -> None:
        """Note that a fault left something unsaid, so that nothing is concluded from what is not there."""
        self._doubts.add(what)

    def stands(self, what: str, place: Place) -> None:
        """Remember where something stands that only makes a fault together with something else."""
        self._places.setdefault(what, place)

    def settle(self) -> tuple[frozenset[str], dict[str, Place]]:
        """Return the doubts and places since the last call."""
        doubts, places = frozenset(self._doubts), self._places
        self._doubts, self._places = set(), {}
        return doubts, places

    def mapping(self, node: Node, known: frozenset[str], required: tuple[str, ...] = ()) -> Mapping | None:
        """Return the node as a mapping with only known keys and all required ones.

        A key that is nearly a known one is told and read as that one: what stands below it is judged all the same.
        """
        if not isinstance(node, Mapping):
            self.expected(node, A_MAPPING)
            return None
        read = {entry.key: entry for entry in node.entries}
        for entry in node.entries:
            if entry.key not in known:
                self._unknown_key(entry, known)
                taken = nearly(entry.key, known)
                if taken is not None:
                    read.setdefault(taken, replace(entry, key=taken))
        for key in required:
            if key not in read:
                self.fault(node.place, "missing-key", MISSING_KEY, key=key)
        return node if len(read) == len(node.entries) else Mapping(node.place, tuple(read.values()))

    def _unknown_key(self, entry: Entry, known: frozenset[str]) -> None:
        """Note a key that cannot stand here: where it belongs, or what was meant."""
        home = next((home for home, keys in _HOMES.items() if entry.key in keys and home in known), None)
        if home is not None:
            self.fault(entry.place, "unknown-key", UNKNOWN_KEY, BELONGS_IN, key=entry.key, home=home)
        elif entry.key in _BESIDE and not _BESIDE & known:
            self.fault(entry.place, "unknown-key", UNKNOWN_KEY, BELONGS_BESIDE, key=entry.key)
        else:
            self.unknown(entry.place, "unknown-key", UNKNOWN_KEY, entry.key, known)

    def word(self, node: Node | None) -> str | None:
        """Return a non-empty string."""
        if node is None:
            return None
        if isinstance(node, Leaf) and isinstance(node.value, str) and node.value.strip():
            return node.value
        self.expected(node, A_WORD)
        return None

    def choice(self, node: Node | None, allowed: Iterable[str]) -> str | None:
        """Return a word of a closed list; for one that is nearly of the list, which is told, the one that was meant."""
        value = self.word(node)
        if value is None or node is None:
            return None
        choices = tuple(allowed)
        if value in choices:
            return value
        self.unknown(node.place, "unknown-word", UNKNOWN_WORD, value, choices)
        return nearly(value, choices)

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

_NEARLY = 0.75  # of difflib: two letters swapped in a word of four


def nearly(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was surely meant, None where that is a guess."""
    found = difflib.get_close_matches(word, sorted(known), 1, _NEARLY)
    swapped = (one for one in known if sorted(one) == sorted(word))
    return found[0] if found else next(swapped, None)


def as_meant(id_: str) -> str:
    """Return an id without what no id may hold: others may name it so, and are told nothing then."""
    return re.sub(r"[^a-z0-9-]+", "-", id_.lower()).strip("-")


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


def _hint(node: Node, expected: str) -> Text | None:
    """Return what helps somebody who wrote a number or a yes in quotes, or a yes as he says it."""
    value = node.value if isinstance(node, Leaf) else None
    if expected == "true / false":
        return A_BOOLEAN
    is_number = isinstance(value, str) and re.fullmatch(r"-?[0-9]+([.][0-9]+)?", value)
    return NO_QUOTES if is_number and re.match(r"number|[0-9-]", expected) else None


def describe(node: Node) -> str:
    """Return what stands there, short enough for a narrow terminal."""
    if isinstance(node, Mapping):
        return "mapping"
    if isinstance(node, Sequence):
        return "list"
    value = node.value
    text = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= 40 else text[:39] + "…"
