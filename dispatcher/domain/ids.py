"""Identities are derived, never drawn: the same press has the same id after any restart or replay."""

import hashlib

_LENGTH = 20  # hex digits: 80 bits, no collision among the presses of a city


def digest(*parts: str | int) -> str:
    """Return the first 20 hex digits of SHA-256 over the parts, separated so that ("ab", "c") is not ("a", "bc")."""
    joined = "\x1f".join(str(part).replace("\x1f", "\x1f\x1f") for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]


def counted_event_id(device: str, boot: int, seq: int, copy_of: int = 0) -> str:
    """Identity of an event whose device counts. ``copy_of`` tells a later press under a reused counter apart."""
    return digest("counted", device, boot, seq, copy_of)


def journaled_event_id(instance: str, sequence: int, index: int) -> str:
    """Identity of an event without a counter: its place in the journal of one installation."""
    return digest("journaled", instance, sequence, index)


def floor_incident_id(post: str, device: str, first_event: str) -> str:
    """Identity of the incident that a press opens."""
    return digest(post, "floor", device, first_event)


def rule_incident_id(post: str, rule: str, group: str, first_event: str) -> str:
    """Identity of the incident that a rule opens for one group."""
    return digest(post, rule, group, first_event)
