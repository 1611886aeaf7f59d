"""The door for messages from devices: which convention a topic belongs to, and what its message says.

Pure and total: any bytes on any topic give an answer. A topic is looked up once and then remembered, so that a plain
sensor reading costs one dictionary look-up before its payload is read.
"""

from collections.abc import Iterator
from typing import Any

from dispatcher.devices import kentongan
from dispatcher.devices.judge import Judge
from dispatcher.devices.listen import panic_topics, rest_filters
from dispatcher.devices.model import Part, Profile, Profiles, Retained, Shape
from dispatcher.devices.ops import Sheet
from dispatcher.devices.patterns import Path
from dispatcher.devices.payload import dump, is_clean_name, is_object, read_text, read_vendor
from dispatcher.devices.plan import make_plan
from dispatcher.devices.results import Normalised, Outcome, UnknownDevice
from dispatcher.devices.routes import Candidate, candidates, fitting, known
from dispatcher.devices.state import DeviceStates
from dispatcher.devices.steps import Step
from dispatcher.domain.events import RawMessage, Reading, Rejected, RejectReason, is_press
from dispatcher.domain.site import Device, Site

MAX_REMEMBERED = 4096  # topics, and plans; beyond that they are worked out anew
MAX_TOPIC = 256  # characters of a topic that is worth remembering
PAYLOAD = "payload"  # the key under which a bare word is read
HIDDEN = "***"


class Normaliser:
    """Understands the messages of one post's devices. Remembers topics and plans, which changes no answer."""

    def __init__(self, profiles: Profiles, site: Site, post: str) -> None:
        self._profiles = profiles
        self._site = site
        self._post = post
        used = {device.profile for device in site.devices.values()}
        self._used: tuple[Profile, ...] = tuple(each for name, each in profiles.by_name.items() if name in used)
        self._ways: dict[str, tuple[Candidate, ...] | None] = {}
        self._plans: dict[tuple[int, str, str], Step] = {}

    def panic_topics(self) -> tuple[str, ...]:
        """Return the exact topics on which this post's devices can call for help, sorted."""
        return panic_topics(self._profiles, self._site, self._post)

    def rest_filters(self) -> tuple[str, ...]:
        """Return the subscription filters of every convention that the site uses, sorted."""
        return rest_filters(self._used)

    def normalise(self, state: DeviceStates, raw: RawMessage) -> Outcome:
        """Return what one message says. Changes nothing: the caller journals the answer and applies its changes."""
        ours = kentongan.device_of(raw.topic)
        if ours is not None:
            return kentongan.read(raw, ours, self._knows_ours(ours))
        ways = self._ways[raw.topic] if raw.topic in self._ways else self._look_up(raw.topic)
        if ways is None:
            return Rejected(RejectReason.UNKNOWN_TOPIC)
        return self._read(state, raw, ways) if ways else Normalised((), (), b"")

    # --- which message it is -----------------------------------------------------------------------------------------

    def _knows_ours(self, name: str) -> bool:
        device = self._site.devices.get(name)
        return device is not None and device.profile == kentongan.PROFILE

    def _look_up(self, topic: str) -> tuple[Candidate, ...] | None:
        ways = candidates(self._used, self._site, topic)
        if len(self._ways) >= MAX_REMEMBERED:
            self._ways.clear()
        if len(topic) <= MAX_TOPIC:
            self._ways[topic] = ways
        return ways

    def _read(self, state: DeviceStates, raw: RawMessage, ways: tuple[Candidate, ...]) -> Outcome:
        way = fitting(ways, is_object(raw.payload))
        if way is None:
            return Rejected(RejectReason.WRONG_TYPE, "payload", ways[0].name)
        document = _document(raw, way)
        if isinstance(document, Rejected):
            return document
        judge = Judge(state, raw.arrived.run_ms, way.profile.trust, [], [])
        silent = raw.retain and way.message.retained is not Retained.ACCEPT
        remember = way.message.retained is Retained.STATE
        strangers: list[Reading] = []
        for part, name, owner, body in self._parts(way, document):
            sheet = Sheet()
            self._plan(way, part, name, owner).walk(body, sheet)
            if owner is None:
                strangers.extend(_stranger(state, raw, name, sheet, silent))
            elif not silent:
                judge.live(name, sheet)
                self._sign_of_life(judge, part, name)
            elif remember:
                judge.replayed(name, sheet)
        if strangers and not judge.readings:
            return _unknown(strangers)
        redacted = _redacted(raw.payload, document, way.profile)
        return Normalised(tuple(judge.readings), tuple(judge.changes), redacted, tuple(judge.spoke))

    def _sign_of_life(self, judge: Judge, part: Part, name: str) -> None:
        if part.readings.alive and not judge.readings:
            judge.alive(name)

    # --- whose documents it holds ------------------------------------------------------------------------------------

    def _parts(self, way: Candidate, document: Any) -> Iterator[tuple[Part, str, Device | None, dict[str, Any]]]:
        for part in way.message.parts:
            for captured, body in _at(document, part.at):
                name = _name(part, captured, body, way.name)
                if name is not None:
                    owner = way.device if name == way.name else known(self._site, way.profile, name)
                    yield part, name, owner, body

    def _plan(self, way: Candidate, part: Part, name: str, owner: Device | None) -> Step:
        key = (id(part), name if owner is not None else "", way.name if way.device is not None else "")
        plan = self._plans.get(key)
        if plan is None:
            plan = make_plan(part.readings, owner, way.device)
            if len(self._plans) >= MAX_REMEMBERED:
                self._plans.clear()
            self._plans[key] = plan
        return plan


def _document(raw: RawMessage, way: Candidate) -> Any:
    if way.message.shape is Shape.NONE:
        return {}
    body = read_vendor(raw) if is_object(raw.payload) else read_text(raw)
    if isinstance(body, Rejected):
        return Rejected(body.reason, body.detail, way.name)
    if way.key is not None:
        return {way.key: body}
    return body if isinstance(body, dict) else {PAYLOAD: body}


def _at(document: Any, path: Path) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield the mappings at a path, each with the name that the path captured on the way."""
    if not isinstance(document, dict):
        return
    if not path:
        yield None, document
        return
    step, rest = path[0], path[1:]
    if step.capture is None:
        yield from _at(document.get(step.text), rest)
        return
    for name, inner in document.items():
        captured = step.match(name)
        if captured is not None:
            for further, body in _at(inner, rest):
                yield further or captured, body


def _name(part: Part, captured: str | None, body: dict[str, Any], by_topic: str) -> str | None:
    name = captured or by_topic
    if part.device_field is not None:
        said = body.get(part.device_field)
        name = said if isinstance(said, str) else ""
    return name if is_clean_name(name) else None


def _stranger(state: DeviceStates, raw: RawMessage, name: str, sheet: Sheet, silent: bool) -> list[Reading]:
    if silent:
        return []
    judge = Judge(state, raw.arrived.run_ms, "unknown", [], [])
    judge.live(name, sheet)
    return judge.readings


def _unknown(readings: list[Reading]) -> UnknownDevice:
    loudest = next((each for each in readings if is_press(each.kind)), readings[0])
    return UnknownDevice(loudest.device, loudest.kind)


def _redacted(payload: bytes, document: dict[str, Any], profile: Profile) -> bytes:
    if profile.redact.isdisjoint(document):
        return payload
    hidden = {name: HIDDEN if name in profile.redact else value for name, value in document.items()}
    return dump(hidden)
