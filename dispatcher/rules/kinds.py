"""Kinds in a rule: a closed list but for the open words of the catalogue; a slip away from a known one is told."""

from dispatcher.domain.catalogue import KINDS, OPEN_PREFIXES, is_kind
from dispatcher.domain.faults import Place, Text
from dispatcher.rules.reader import Reader, nearly

UNKNOWN_KIND = Text("jenis kejadian {key} tidak dikenal", "unknown event kind {key}")
NO_KIND_BELOW = Text("tidak ada jenis kejadian di bawah {key}", "no event kind lies below {key}")


def check_kind(reader: Reader, place: Place, kind: str) -> str | None:
    """Note a fault unless events of this kind, or with this prefix, can exist; then return the kind that was meant."""
    if not kind.endswith(".*"):
        if is_kind(kind):
            return kind
        reader.unknown(place, "unknown-kind", UNKNOWN_KIND, kind, KINDS)
        return nearly(kind, KINDS)
    prefix = kind[:-1]
    if prefix in OPEN_PREFIXES or any(name.startswith(prefix) for name in KINDS):
        return kind
    prefixes = {f"{name.split('.')[0]}.*" for name in KINDS}
    reader.unknown(place, "unknown-kind", NO_KIND_BELOW, kind, prefixes)
    return nearly(kind, prefixes)
