"""The state as plain JSON values for a checkpoint, and back, equal in every field."""

from typing import Any

from pydantic import TypeAdapter

from dispatcher.incidents.state import PostState

_ADAPTER = TypeAdapter(PostState)


def to_plain(state: PostState) -> Any:
    """Return the state as dicts, lists and scalars."""
    return _ADAPTER.dump_python(state, mode="json")


def from_plain(plain: object) -> PostState:
    """Return the state that ``to_plain`` gave. Raises ValueError (pydantic's is one) for anything else."""
    return _ADAPTER.validate_python(plain)
