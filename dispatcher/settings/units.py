"""Sizes, durations, addresses and words of configuration files, as pydantic types."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from dispatcher.rules.duration import parse_duration

_SIZE = re.compile(r"([0-9]{1,15})\s*(B|KiB|MiB|GiB|KB|MB|GB)?")
_SIZE_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9, None: 1}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def _duration(value: object) -> int:
    milliseconds = parse_duration(value) if isinstance(value, str) else None
    if milliseconds is None:
        raise ValueError("tulis angka dan satuan, misalnya 500ms, 30s, 30d / digits and a unit, e.g. 500ms, 30s, 30d")
    return milliseconds


def _size(value: object) -> int:
    match = None if isinstance(value, bool) else _SIZE.fullmatch(str(value))
    if match is None:
        raise ValueError("tulis bita, misalnya 8388608 atau 64MiB / bytes, e.g. 8388608 or 64MiB")
    return int(match[1]) * _SIZE_UNITS[match[2]]


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("huruf, angka, _ . - (paling banyak 64) / letters, digits, _ . - (at most 64)")
    return value


def _listen(value: object) -> tuple[str, int]:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError("tulis alamat:port, misalnya 127.0.0.1:9310 / address:port, e.g. 127.0.0.1:9310")
    return host.strip("[]"), int(port)


DurationMs = Annotated[int, BeforeValidator(_duration)]
SizeBytes = Annotated[int, BeforeValidator(_size)]
Id = Annotated[str, AfterValidator(_id)]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen)]
