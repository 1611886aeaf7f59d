"""The state as plain JSON values for a checkpoint, and back, equal in every field."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from dispatcher.incidents.model import Incident
from dispatcher.incidents.state import PostState

_ADAPTER = TypeAdapter(PostState)
_INCIDENT = TypeAdapter(Incident)


def to_plain(state: PostState) -> Any:
    """Return the state as dicts, lists and scalars."""
    return _ADAPTER.dump_python(state, mode="json")


def json_parts(state: PostState, encode: Callable[[Any], bytes]) -> Iterator[bytes]:
    """Yield, in pieces, what ``encode`` makes of ``to_plain``: the incidents one after the other.

    All of them as values at once would take four times the room that the bytes take.
    """
    rest = to_plain(replace(state, incidents={}))
    del rest["incidents"]
    yield encode(rest)[:-1] + b',"incidents":{'
    for number, (id_, one) in enumerate(state.incidents.items()):
        yield (b"," if number else b"") + encode(id_) + b":" + encode(_INCIDENT.dump_python(one, mode="json"))
    yield b"}}"


def from_plain(plain: object) -> PostState:
    """Return the state that ``to_plain`` gave. Raises ValueError (pydantic's is one) for anything else."""
    return _ADAPTER.validate_python(plain)
