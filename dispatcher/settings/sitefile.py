"""site.yaml: kelurahan, posts and devices."""

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.site import ROLES, Device, Kelurahan, Post, Site
from dispatcher.domain.tree import Leaf, Node
from dispatcher.settings.sitelines import CHOICES, NEAREST, faults_between, lines_of, meant
from dispatcher.settings.units import DurationMs, Id, Number
from dispatcher.settings.validate import Strict, validate
from dispatcher.settings.yamlfile import read_file

MAX_DEVICE_ID = 128

NO_POST = Text("pos {key} tidak ada di site.yaml", "site.yaml has no post {key}")
NO_PROFILE = Text("profil {key} tidak ada", "no profile {key}")


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


def parse_site(node: Node, lost: str = "") -> Site:
    """Return the site of a tree; ``lost`` is what could not be read of its file. Raises FaultsFound."""
    between = faults_between(node, DeviceLine.model_fields, lost)
    try:
        file = validate(node, SiteFile)
    except FaultsFound as found:
        raise FaultsFound((*found.faults, *between)) from None
    if between:
        raise FaultsFound(between)
    return _site(file)


def post_faults(posts: Collection[str], post: str, place: Place) -> list[Fault]:
    """Return a fault when a site's posts are without this one: nobody could say where its presses come from."""
    if post in posts:
        return []
    nearest = difflib.get_close_matches(post, sorted(posts), 1, 0.6)
    values = {"key": post, "choices": ", ".join(sorted(posts)), "nearest": "".join(nearest)}
    return [Fault(place, "unknown-post", NO_POST, values, NEAREST if nearest else CHOICES)]


def profile_faults(node: Node, known: frozenset[str]) -> list[Fault]:
    """Return a fault for each device of a site whose profile is not ``known``: nobody would hear it."""
    named = [meant(line, "profile") for _, line in lines_of(node, "devices")]
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
