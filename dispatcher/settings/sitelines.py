"""What the lines of a site.yaml say about each other, read from the tree itself: a faulty line hides nothing of others.

Nothing here needs a site without a fault. What cannot be read of one makes its section incomplete, and then nobody is
told that a name in it does not exist.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence, place_at
from dispatcher.rules.kinds import check_kind
from dispatcher.rules.names import listed_names
from dispatcher.rules.reader import UNKNOWN_KEY, Reader, as_meant, nearly
from dispatcher.rules.where import is_slip
from dispatcher.settings.units import is_id

_ID_LINE = re.compile(r"\bid: *[\"']?([^\s,\"'{}\[\]#]+)")

TWICE = Text("id {key} dipakai dua kali", "id {key} is used twice")
UNKNOWN = Text("{what} {key} tidak ada di berkas ini", "there is no {what} {key} in this file")
NEAREST = Text("maksud Anda {nearest}?", "did you mean {nearest}?")
CHOICES = Text("pilihannya: {choices}", "one of: {choices}")
NOT_MUTUAL = Text(
    "{a} menyebut {b} sebagai tetangga, tetapi {b} tidak menyebut {a}",
    "{a} names {b} as neighbour, {b} does not name {a}",
)


def ids_in(text: str) -> frozenset[str]:
    """Return the ids in a text that is no YAML."""
    return frozenset(_ID_LINE.findall(text))


@dataclass(frozen=True, slots=True)
class Listed:
    """The ids of one section as they are written; ``complete`` unless a line's id cannot be read."""

    ids: tuple[str, ...]
    complete: bool = True


def meant(node: Node, key: str) -> Node | None:
    """Return what stands under a key, or under one that is nearly it: that is told where the line itself is read."""
    if not isinstance(node, Mapping):
        return None
    return node.get(key) or next((entry.value for entry in node.entries if _is_nearly(entry.key, key)), None)


@lru_cache(maxsize=4096)  # a site has thousands of lines, and a handful of words for their keys
def _is_nearly(word: str, key: str) -> bool:
    return nearly(word, (key,)) is not None


def lines_of(node: Node, section: str) -> Iterator[tuple[int, Mapping]]:
    """Yield the lines of a section that are mappings, each with its index in the section."""
    listed = meant(node, section)
    for index, line in enumerate(listed.items if isinstance(listed, Sequence) else ()):
        if isinstance(line, Mapping):
            yield index, line


def _word(line: Mapping, key: str) -> str | None:
    leaf = meant(line, key)
    return leaf.value if isinstance(leaf, Leaf) and isinstance(leaf.value, str) else None


def listed_ids(node: Node, section: str) -> Listed:
    """Return the ids of the lines of a section."""
    found = meant(node, section)
    ids = tuple(id_ for _, line in lines_of(node, section) if (id_ := _word(line, "id")) is not None)
    many = len(found.items) if isinstance(found, Sequence) else 0
    nothing = found is None or (isinstance(found, Leaf) and found.value is None)
    return Listed(ids, (nothing or isinstance(found, Sequence)) and many == len(ids))


def names_in(node: Node, lost: str = "") -> dict[str, frozenset[str]]:
    """Return the values that rules may name, of a site that may be faulty; ``lost`` is what could not be read of it."""
    zones = None if lost else _zones(node)
    devices, posts, kelurahan = (known_ids(node, section, lost) for section in ("devices", "posts", "kelurahan"))
    return listed_names(devices, posts, kelurahan, zones)


def known_ids(node: Node, section: str, lost: str = "") -> frozenset[str] | None:
    """Return the ids of a section and every one that was passed over; None where one of them cannot be read."""
    listed = listed_ids(node, section)
    found = frozenset(listed.ids) | ids_in(lost)
    return found | {as_meant(id_) for id_ in found if not is_id(id_)} if listed.complete else None


def _zones(node: Node) -> frozenset[str] | None:
    zones = {_word(line, "zone") for _, line in lines_of(node, "devices") if meant(line, "zone") is not None}
    for _, line in lines_of(node, "posts"):
        listed = meant(line, "zones")
        items = listed.items if isinstance(listed, Sequence) else () if listed is None else (listed,)
        zones |= {item.value if isinstance(item, Leaf) and isinstance(item.value, str) else None for item in items}
    return None if None in zones else frozenset(zone for zone in zones if zone is not None)


def faults_between(node: Node, device_keys: Iterable[str], lost: str = "") -> tuple[Fault, ...]:
    """Return every fault of a site that no line has alone.

    ``device_keys`` are the named keys of a device's line; ``lost`` is what could not be read of the file.
    """
    return (
        *_duplicates(node),
        *_names(node, "posts", "kelurahan", "kelurahan", lost),
        *_names(node, "devices", "post", "posts", lost),
        *_neighbours(node, lost),
        *_kinds(node),
        *_slips(node, sorted(device_keys)),
    )


def _duplicates(node: Node) -> list[Fault]:
    faults = []
    for section in ("kelurahan", "posts", "devices"):
        seen: set[str] = set()
        for index, line in lines_of(node, section):
            id_ = _word(line, "id")
            if id_ is not None and id_ in seen:
                faults.append(Fault(place_at(node, (section, index, "id")), "duplicate-id", TWICE, {"key": id_}))
            seen |= set() if id_ is None else {id_}
    return faults


def _names(node: Node, section: str, key: str, of: str, lost: str) -> list[Fault]:
    """Return a fault for each line of a section whose ``key`` names no line of another one."""
    known = known_ids(node, of, lost)
    named = [(index, _word(line, key)) for index, line in lines_of(node, section)] if known is not None else []
    return [
        _unknown(place_at(node, (section, index, key)), key, name, known or ())
        for index, name in named
        if name is not None and name not in (known or ())
    ]


def _unknown(place: Place, what: str, name: str, known: Iterable[str]) -> Fault:
    nearest = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    values = {"what": what, "key": name, "choices": ", ".join(sorted(known)), "nearest": "".join(nearest)}
    return Fault(place, "unknown-name", UNKNOWN, values, NEAREST if nearest else CHOICES if known else None)


def _slips(node: Node, named: list[str]) -> list[Fault]:
    """Return a fault for each key of a device line that is one slip away from a named one; others are its profile's."""
    return [
        Fault(
            place_at(node, ("devices", index, key)), "unknown-key", UNKNOWN_KEY, {"key": key, "nearest": near}, NEAREST
        )
        for index, line in lines_of(node, "devices")
        for key in [entry.key for entry in line.entries if entry.key not in named]
        for near in [next((name for name in named if is_slip(key, name)), None)]
        if near is not None
    ]


def _kinds(node: Node) -> list[Fault]:
    """Return a fault for each lateness of a kind that no event can have."""
    reader = Reader()
    lateness = node.get("max_lateness") if isinstance(node, Mapping) else None
    for entry in lateness.entries if isinstance(lateness, Mapping) else ():
        check_kind(reader, entry.place, entry.key)
    return reader.faults


def _neighbours(node: Node, lost: str) -> list[Fault]:
    known, lists = known_ids(node, "kelurahan", lost), _neighbour_lists(node)
    faults = []
    for id_, leaf in [(id_, leaf) for id_, leaves in lists.items() for leaf in leaves or ()]:
        name = str(leaf.value)
        others = lists.get(name)
        if known is not None and name not in known:
            faults.append(_unknown(leaf.place, "kelurahan", name, known))
        elif others is not None and all(other.value != id_ for other in others):
            faults.append(Fault(leaf.place, "neighbours", NOT_MUTUAL, {"a": id_, "b": name}))
    return faults


def _neighbour_lists(node: Node) -> dict[str, list[Leaf] | None]:
    """Return the neighbours of each kelurahan as they are written, None where some of them cannot be read."""
    lists: dict[str, list[Leaf] | None] = {}
    for _, line in lines_of(node, "kelurahan"):
        id_, listed = _word(line, "id"), meant(line, "neighbours")
        items = listed.items if isinstance(listed, Sequence) else ()
        leaves = [item for item in items if isinstance(item, Leaf) and isinstance(item.value, str)]
        nothing = listed is None or (isinstance(listed, Leaf) and listed.value is None)
        readable = len(leaves) == len(items) and (nothing or isinstance(listed, Sequence))
        if id_ is not None:
            lists.setdefault(id_ if is_id(id_) else as_meant(id_), leaves if readable else None)
    return lists
