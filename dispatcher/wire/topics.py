"""Topic names at the precinct's broker."""

import re
from dataclasses import dataclass

ROOT = "kentongan/v1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

UP = ("alert", "sync", "status", "event")
DOWN = ("receipt", "watch", "command")


def is_name(text: str) -> bool:
    """Return whether a post or precinct id may stand in a topic: no wildcard, no level, at most 64 characters."""
    return _NAME.fullmatch(text) is not None


def topic(precinct: str, post: str, channel: str) -> str:
    """Return e.g. ``kentongan/v1/polsek-tambora/pos-03/alert``."""
    return f"{ROOT}/{precinct}/{post}/{channel}"


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic says about its sender and its sort."""

    precinct: str
    post: str
    channel: str


def address(name: str) -> Address | None:
    """Take a topic apart; None when it is not one of ours."""
    parts = name.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or not is_name(parts[2]) or not is_name(parts[3]):
        return None
    if parts[4] not in UP and parts[4] not in DOWN:
        return None
    return Address(parts[2], parts[3], parts[4])
