"""site.yaml: kelurahan, posts and devices."""

import difflib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.site import ROLES, Device, Kelurahan, Post, Site
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence, place_at
from dispatcher.rules.kinds import check_kind
from dispatcher.rules.reader import UNKNOWN_KEY, Reader
from dispatcher.rules.where import is_slip
from dispatcher.settings.units import DurationMs, Id, Number
from dispatcher.settings.validate import Strict, validate
from dispatcher.settings.yamlfile import read_file

MAX_DEVICE_ID = 128

TWICE = Text("id {key} dipakai dua kali", "id {key} is used twice")
UNKNOWN = Text("{what} {key} tidak ada di berkas ini", "there is no {what} {key} in this file")
NO_POST = Text("pos {key} tidak ada di site.yaml", "site.yaml has no post {key}")
NO_PROFILE = Text("profil {key} tidak ada", "no profile {key}")
NEAREST = Text("maksud Anda {nearest}?", "did you mean {nearest}?")
CHOICES = Text("pilihannya: {choices}", "one of: {choices}")
NOT_MUTUAL = Text(
    "{a} menyebut {b} sebagai tetangga, tetapi {b} tidak menyebut {a}",
    "{a} names {b} as neighbour, {b} does not name {a}",
)


Item = TypeVar("Item")

# A section with nothing below it has no lines: all of them were commented out.
Lines = Annotated[tuple[Item, ...], BeforeValidator(lambda value: () if value is None else value)]
# A number that reads like one is a name all the same: the ministry's codes, Pos 7.
Name = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value),
    WithJsonSchema({"type": ["string", "number"]}),
]


class PrecinctLine(Strict):
    """The precinct that this site belongs to."""

    id: Id


class KelurahanLine(Strict):
    """One kelurahan."""

    id: Id
    code: Name = ""
    name: Name = ""
    neighbours: Lines[Id] = ()


class PostLine(Strict):
    """One pos pantau."""

    id: Id
    name: Name = ""
    kelurahan: Id | None = None
    lat: Number | None = Field(default=None, ge=-90, le=90)
    lon: Number | None = Field(default=None, ge=-180, le=180)
    zones: Lines[str] = ()


class DeviceLine(Strict):
    """One device. What its profile may be told (inputs, battery, ...) stands beside the named keys."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str = Field(min_length=1, max_length=MAX_DEVICE_ID)
    profile: Id = "kentongan"  # the text requires neither: without them it is a sensor that speaks our convention
    role: str = "sensor"
    post: Id | None = None
    zone: str | None = None
    model: str | None = None
    clock: Literal["trusted", "untrusted"] = "untrusted"
    # What a receiver's codes mean; a word here (a date, true) is a note of people's.
    enrolled: Any = None

    @field_validator("id")
    @classmethod
    def _no_wildcard(cls, value: str) -> str:
        if any(char in value for char in "+#\0") or value.startswith(("/", "$")):
            raise ValueError("tidak boleh memuat + # atau diawali / / no + or #, no leading /")
        return value

    @field_validator("role")
    @classmethod
    def _known_role(cls, value: str) -> str:
        if value not in ROLES:
            raise ValueError(f"peran tidak dikenal; pilihannya / unknown role; one of: {', '.join(sorted(ROLES))}")
        return value


class SiteFile(Strict):
    """site.yaml."""

    timezone: str
    precinct: PrecinctLine
    kelurahan: Lines[KelurahanLine] = ()
    posts: Lines[PostLine] = ()
    devices: Lines[DeviceLine] = ()
    max_lateness: Annotated[dict[str, DurationMs], BeforeValidator(lambda value: {} if value is None else value)] = (
        Field(default_factory=dict)
    )
    shifts: Any = None  # who stands when, as people write it: nothing reads it yet

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            nearest = difflib.get_close_matches(value, sorted(available_timezones()), 1, 0.7) or ["Asia/Jakarta"]
            raise ValueError(f"bukan nama zona waktu IANA / not an IANA name: {nearest[0]}?") from None
        return value


def load_site(path: Path) -> Site:
    """Read site.yaml. Raises FaultsFound."""
    return parse_site(read_file(path))


def parse_site(node: Node) -> Site:
    """Return the site of a tree. Raises FaultsFound."""
    try:
        file = validate(node, SiteFile)
    except FaultsFound as found:
        raise FaultsFound((*found.faults, *_faults_beside(node, found.faults))) from None
    faults = _faults_between(node, file)
    if faults:
        raise FaultsFound(faults)
    return _site(file)


def _faults_beside(node: Node, found: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Return what lines say wrongly about each other, as far as the file can be read without its faulty keys."""
    rest = _without(node, frozenset(fault.place for fault in found))
    try:
        return _faults_between(rest, validate(rest, SiteFile))
    except FaultsFound:
        return ()


def _without(node: Node, places: frozenset[Place]) -> Node:
    match node:
        case Mapping(place=place, entries=entries):
            kept = [one for one in entries if one.place not in places]
            return Mapping(place, tuple(replace(one, value=_without(one.value, places)) for one in kept))
        case Sequence(place=place, items=items):
            return Sequence(place, tuple(_without(item, places) for item in items))
        case _:
            return node


def _faults_between(node: Node, file: SiteFile) -> tuple[Fault, ...]:
    checks = (_duplicates, _references, _neighbours, _kinds, _slips)
    return tuple(fault for check in checks for fault in check(node, file))


def _duplicates(node: Node, file: SiteFile) -> list[Fault]:
    faults = []
    for section in ("kelurahan", "posts", "devices"):
        seen: set[str] = set()
        for index, line in enumerate(getattr(file, section)):
            if line.id in seen:
                faults.append(Fault(place_at(node, (section, index, "id")), "duplicate-id", TWICE, {"key": line.id}))
            seen.add(line.id)
    return faults


def _references(node: Node, file: SiteFile) -> list[Fault]:
    kelurahan, posts = {line.id for line in file.kelurahan}, {line.id for line in file.posts}
    wanted = [(("posts", index, "kelurahan"), line.kelurahan, kelurahan) for index, line in enumerate(file.posts)]
    wanted += [(("devices", index, "post"), line.post, posts) for index, line in enumerate(file.devices)]
    return [
        _unknown(place_at(node, path), str(path[2]), name, known)
        for path, name, known in wanted
        if name is not None and name not in known
    ]


def _unknown(place: Place, what: str, name: str, known: Iterable[str]) -> Fault:
    nearest = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    values = {"what": what, "key": name, "choices": ", ".join(sorted(known)), "nearest": "".join(nearest)}
    return Fault(place, "unknown-name", UNKNOWN, values, NEAREST if nearest else CHOICES if known else None)


def _slips(node: Node, file: SiteFile) -> list[Fault]:
    """Return a fault for each key of a device line that is one slip away from a named one; others are its profile's."""
    named = sorted(DeviceLine.model_fields)
    return [
        Fault(
            place_at(node, ("devices", index, key)), "unknown-key", UNKNOWN_KEY, {"key": key, "nearest": near}, NEAREST
        )
        for index, line in enumerate(file.devices)
        for key in line.model_extra or {}
        for near in [next((name for name in named if is_slip(key, name)), None)]
        if near is not None
    ]


def _kinds(node: Node, file: SiteFile) -> list[Fault]:
    """Return a fault for each lateness of a kind that no event can have."""
    reader = Reader()
    for kind in file.max_lateness:
        check_kind(reader, place_at(node, ("max_lateness", kind)), kind)
    return reader.faults


def _neighbours(node: Node, file: SiteFile) -> list[Fault]:
    by_id = {line.id: line for line in file.kelurahan}
    faults = []
    for index, line in enumerate(file.kelurahan):
        place = place_at(node, ("kelurahan", index, "neighbours"))
        for name in line.neighbours:
            if name not in by_id:
                faults.append(_unknown(place, "kelurahan", name, by_id))
            elif line.id not in by_id[name].neighbours:
                faults.append(Fault(place, "neighbours", NOT_MUTUAL, {"a": line.id, "b": name}))
    return faults


def post_faults(site: Site, post: str, place: Place) -> list[Fault]:
    """Return a fault when the site does not know this post: nobody could say where its presses come from."""
    if post in site.posts:
        return []
    nearest = difflib.get_close_matches(post, sorted(site.posts), 1, 0.6)
    values = {"key": post, "choices": ", ".join(sorted(site.posts)), "nearest": "".join(nearest)}
    return [Fault(place, "unknown-post", NO_POST, values, NEAREST if nearest else CHOICES)]


def profile_faults(node: Node, known: frozenset[str]) -> list[Fault]:
    """Return a fault for each device of a site whose profile is not ``known``: nobody would hear it."""
    devices = node.get("devices") if isinstance(node, Mapping) else None
    lines = devices.items if isinstance(devices, Sequence) else ()
    named = [line.get("profile") for line in lines if isinstance(line, Mapping)]
    leaves = [leaf for leaf in named if isinstance(leaf, Leaf) and isinstance(leaf.value, str)]
    return [_no_profile(leaf.place, str(leaf.value), known) for leaf in leaves if leaf.value not in known]


def _no_profile(place: Place, name: str, known: frozenset[str]) -> Fault:
    nearest = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    if nearest:
        return Fault(place, "unknown-profile", NO_PROFILE, {"key": name, "nearest": nearest[0]}, NEAREST)
    return Fault(place, "unknown-profile", NO_PROFILE, {"key": name, "choices": ", ".join(sorted(known))}, CHOICES)


def _site(file: SiteFile) -> Site:
    return Site(
        timezone=file.timezone,
        precinct=file.precinct.id,
        kelurahan={line.id: Kelurahan(line.id, line.code, line.name, line.neighbours) for line in file.kelurahan},
        posts={
            line.id: Post(line.id, line.name or line.id, line.kelurahan or "", line.lat, line.lon, line.zones)
            for line in file.posts
        },
        devices={line.id: _device(line) for line in file.devices},
        max_lateness_ms=dict(file.max_lateness),
    )


def _device(line: DeviceLine) -> Device:
    return Device(
        id=line.id,
        profile=line.profile,
        role=line.role,
        post=line.post,
        zone=line.zone,
        model=line.model,
        clock_trusted=line.clock == "trusted",
        enrolled=line.enrolled if isinstance(line.enrolled, dict) else {},
        settings=dict(line.model_extra or {}),
    )
