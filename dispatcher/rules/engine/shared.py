"""An event that stands in many windows is one: in memory after a start, and in a checkpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

from pydantic import (
    SerializationInfo,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationInfo,
    WrapSerializer,
    WrapValidator,
)

from dispatcher.domain.events import Event


@dataclass(slots=True)
class Ledger:
    """The events met while a state is written: as they are, and as JSON values."""

    known: dict[str, Event] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)


def gathering() -> Ledger:
    """Return what gathers the events of a state that is written."""
    return Ledger()


def sharing(data: object) -> Mapping[str, Event]:
    """Return the events that a written state refers to. Raises ValueError where they are none."""
    return _events().validate_python(data.get("events", {}) if isinstance(data, Mapping) else {})


def _write(event: Event, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
    ledger = info.context
    if not isinstance(ledger, Ledger):
        return handler(event)
    known = ledger.known.setdefault(event.id, event)
    if known is event and event.id not in ledger.events:
        ledger.events[event.id] = handler(event)
    # Evidence may lack attributes that the event has elsewhere: then it is written where it stands.
    return event.id if known is event or known == event else handler(event)


def _read(value: Any, handler: Callable[[Any], Event], info: ValidationInfo) -> Event:
    if isinstance(value, str) and isinstance(info.context, Mapping):
        known = info.context.get(value)
        if isinstance(known, Event):
            return known
    return handler(value)


SharedEvent = Annotated[Event, WrapSerializer(_write), WrapValidator(_read)]


@cache
def _events() -> TypeAdapter[dict[str, Event]]:
    return TypeAdapter(dict[str, Event])
