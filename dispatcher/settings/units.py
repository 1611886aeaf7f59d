"""Sizes, durations, addresses and words of configuration files, as pydantic types."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from dispatcher.domain.faults import Text
from dispatcher.domain.schema import Schema, pattern, short
from dispatcher.rules.duration import DURATION, parse_duration

_SIZE = re.compile(r"([0-9]{1,15})\s*(B|KiB|MiB|GiB|KB|MB|GB)?")
_SIZE_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9, None: 1}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


BAD_DURATION = Text("tulis angka dan satuan, misalnya 500ms, 30s, 30d", "digits and a unit, e.g. 500ms, 30s, 30d")
BAD_SIZE = Text("tulis bita, misalnya 8388608 atau 64MiB", "bytes, e.g. 8388608 or 64MiB")
BAD_NUMBER = Text("tulis angka", "write a number")
BAD_ID = Text("huruf, angka, _ . - (paling banyak 64)", "letters, digits, _ . - (at most 64)")
BAD_LISTEN = Text("tulis alamat:port, misalnya 127.0.0.1:9310", "address:port, e.g. 127.0.0.1:9310")


def _duration(value: object) -> int:
    milliseconds = parse_duration(value) if isinstance(value, str) else None
    if milliseconds is None:
        raise ValueError(short(BAD_DURATION))
    return milliseconds


def _no_flag(value: object) -> object:
    if isinstance(value, bool):  # pydantic would read true as 1
        raise ValueError(short(BAD_NUMBER))
    return value


def _size(value: object) -> int:
    match = None if isinstance(value, bool) else _SIZE.fullmatch(str(value))
    if match is None:
        raise ValueError(short(BAD_SIZE))
    return int(match[1]) * _SIZE_UNITS[match[2]]


def is_id(value: str) -> bool:
    """Return whether a word may be the id of a post, a precinct or a kelurahan."""
    return _ID.fullmatch(value) is not None


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError(short(BAD_ID))
    return value


def _listen(value: object) -> tuple[str, int]:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(short(BAD_LISTEN))
    return host.strip("[]"), int(port)


_SIZE_SCHEMA: Schema = {**pattern(_SIZE.pattern, BAD_SIZE), "type": ["string", "integer"]}

# What a person writes is told to editors; what the program keeps (milliseconds, bytes) is not.
Whole = Annotated[int, BeforeValidator(_no_flag)]
Number = Annotated[float, BeforeValidator(_no_flag)]
DurationMs = Annotated[int, BeforeValidator(_duration), WithJsonSchema(pattern(DURATION.pattern, BAD_DURATION))]
SizeBytes = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
Id = Annotated[str, AfterValidator(_id), WithJsonSchema(pattern(_ID.pattern, BAD_ID))]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen), WithJsonSchema(pattern(".+:[0-9]+", BAD_LISTEN))]
