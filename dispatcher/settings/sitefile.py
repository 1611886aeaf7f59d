"""site.yaml: kelurahan, posts and devices."""

import difflib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, field_validator

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.site import ROLES, Device, Kelurahan, Post, Site
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence, place_at
from dispatcher.rules.kinds import check_kind
from dispatcher.rules.reader import Reader
from dispatcher.settings.units import DurationMs, Id
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


class PrecinctLine(Strict):
    """The precinct that this site belongs to."""

    id: Id


class KelurahanLine(Strict):
    """One kelurahan."""

    id: Id
    code: str = ""
    name: str = ""
    neighbours: tuple[Id, ...] = ()


class PostLine(Strict):
    """One pos pantau."""

    id: Id
    name: str = ""
    kelurahan: Id | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    zones: tuple[str, ...] = ()


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
    enrolled: dict[str, Any] = Field(default_factory=dict)

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


class Shift(Strict):
    """Who stands when; kept for rosters."""

    model_config = ConfigDict(extra="allow", frozen=True)


class SiteFile(Strict):
    """site.yaml."""

    timezone: str
    precinct: PrecinctLine
    kelurahan: tuple[KelurahanLine, ...] = ()
    posts: tuple[PostLine, ...] = ()
    devices: tuple[DeviceLine, ...] = ()
    max_lateness: dict[str, DurationMs] = Field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("bukan nama zona waktu IANA, misalnya Asia/Jakarta / not an IANA name") from None
        return value


def load_site(path: Path) -> Site:
    """Read site.yaml. Raises FaultsFound."""
    return parse_site(read_file(path))


def parse_site(node: Node) -> Site:
    """Return the site of a tree. Raises FaultsFound."""
    file = validate(node, SiteFile)
    faults = (*_duplicates(node, file), *_references(node, file), *_neighbours(node, file), *_kinds(node, file))
    if faults:
        raise FaultsFound(faults)
    return _site(file)


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
        Fault(place_at(node, path), "unknown-name", UNKNOWN, {"what": path[2], "key": name})
        for path, name, known in wanted
        if name is not None and name not in known
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
                faults.append(Fault(place, "unknown-name", UNKNOWN, {"what": "kelurahan", "key": name}))
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
        enrolled=line.enrolled,
        settings=dict(line.model_extra or {}),
    )
