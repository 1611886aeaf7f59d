"""The state as JSON bytes for a checkpoint, and back, equal in every field."""

from pydantic import TypeAdapter

from dispatcher.incidents.state import PostState

_ADAPTER = TypeAdapter(PostState)


def dump(state: PostState) -> bytes:
    """Return the state as JSON."""
    return _ADAPTER.dump_json(state)


def load(data: bytes) -> PostState:
    """Return the state that ``dump`` wrote. Raises ValueError (pydantic's ValidationError is one) for anything else."""
    return _ADAPTER.validate_json(data)
