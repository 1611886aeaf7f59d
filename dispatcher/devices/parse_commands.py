"""The ``commands`` of a profile, from YAML trees."""

from dispatcher.devices.model import Command, Send
from dispatcher.devices.reading import Block
from dispatcher.domain.tree import Mapping, Node, Plain, plain

COMMAND_KEYS = ("for", "models", "unknown_model", "needs", "where", "defaults", "limits", "maps", "send")
SEND_KEYS = ("topic", "text", "json")


def command(block: Block) -> Command:
    """Read one way of saying a command."""
    block.need("for")
    block.need("send")
    sends = tuple(_send(Block(node, SEND_KEYS, block.faults)) for node in block.items("send"))
    where = Block(block.get("where") or Mapping(block.place, ()), _keys(block.get("where")), block.faults)
    return Command(
        names=frozenset(block.words("for")),
        send=sends,
        models=frozenset(block.words("models")),
        unknown_model=block.flag("unknown_model"),
        needs=block.words("needs"),
        where={key: frozenset(where.words(key)) for key in _keys(block.get("where"))},
        defaults=block.values("defaults"),
        limits=_limits(block),
        maps={name: _map(node, block) for name, _, node in block.entries("maps")},
    )


def _keys(node: Node | None) -> list[str]:
    return list(node.keys()) if isinstance(node, Mapping) else []


def _send(block: Block) -> Send:
    block.need("topic")
    body = block.get("json")
    return Send(block.text("topic"), block.text("text") or None, plain(body) if body is not None else None)


def _limits(block: Block) -> dict[str, float]:
    return {name: float(value) for name, value in block.values("limits").items() if not isinstance(value, str)}


def _map(node: Node, block: Block) -> dict[str, dict[str, Plain]]:
    inner = Block(node, _keys(node), block.faults)
    return {arg: {key: plain(value) for key, _, value in inner.entries(arg)} for arg in _keys(node)}
