"""What arrives at a test's site: steps become events, copies are known, unknown devices are refused."""

from dataclasses import dataclass, replace
from typing import Any

from dispatcher.cli.timeline.model import Step
from dispatcher.devices.enrich import enrich
from dispatcher.domain.events import FLOOR_KINDS, Event, Reading, is_floor, is_press
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import UNKNOWN_AGAIN_MS
from dispatcher.incidents.state import COPY_MEMORY_MS

_PLACE = ("role", "post", "zone", "kelurahan", "source", "trust")


def event_of(step: Step, site: Site, now: Stamp, name: str) -> Event:
    """Return a step's event: its place comes from the site by its device, but what it gives itself wins."""
    given: dict[str, Any] = {key: value for key, value in step.more.items() if key != "happened"}
    device = given.pop("device", None)
    attrs = {key: value for key, value in given.items() if key not in _PLACE and key != "id"}
    reading = Reading(str(step.value), device or "", attrs)
    event = enrich(reading, site, given.get("post"), now, str(given.get("id", name)))
    own = {key: given[key] for key in _PLACE if key in given}
    at_post = own.get("post", event.post)
    known = site.posts.get(at_post) if at_post is not None else None
    place = {"kelurahan": (known.kelurahan or None) if known is not None else event.kelurahan}
    return replace(event, device=device, **{**place, **own})


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is made of an event: whether rules see it, whether it is the floor's, and whether its device is told of."""

    accepted: bool
    floor: bool = False
    unknown_device: bool = False


class Arrivals:
    """Tells copies and unknown devices, as a post does."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._count = 0
        self._copies: dict[tuple[object, ...], int] = {}
        self._unknown: dict[str, int] = {}
        self._told_since: set[str] = set()  # unknown devices told since a return that nobody has measured

    def name(self) -> str:
        """Return a new event's id."""
        self._count += 1
        return f"event-{self._count}"

    def judge(self, event: Event, now: Stamp) -> Arrival:
        """Return what is made of an event."""
        if self._is_copy(event, now):
            return Arrival(accepted=False)
        needs_known = is_press(event.kind) or event.kind in FLOOR_KINDS or is_floor(event)
        if not needs_known or event.device is None:
            return Arrival(accepted=True)
        if event.device in self._site.devices:
            return Arrival(accepted=True, floor=is_floor(event))
        last = self._unknown.get(event.device)
        if last is not None and now.run_ms - last <= UNKNOWN_AGAIN_MS:
            return Arrival(accepted=False)
        self._unknown[event.device] = now.run_ms
        self._told_since.add(event.device)
        return Arrival(accepted=False, unknown_device=True)

    def came_back(self) -> None:
        """Note that we are back, after nobody knows how long."""
        self._told_since = set()

    def corrected(self, by_ms: int) -> None:
        """Note how much longer that was. Copies do not age: nobody heard anything meanwhile."""
        for device in self._told_since:
            self._unknown[device] += by_ms
        self._copies = {key: last + by_ms for key, last in self._copies.items()}

    def _is_copy(self, event: Event, now: Stamp) -> bool:
        boot, seq = event.attrs.get("boot"), event.attrs.get("seq")
        counted = (boot, seq) if boot is not None and seq is not None else event.id
        key = (event.kind, event.device, counted, tuple(sorted((name, str(v)) for name, v in event.attrs.items())))
        last = self._copies.get(key)
        self._copies[key] = now.run_ms
        return last is not None and now.run_ms - last <= COPY_MEMORY_MS
