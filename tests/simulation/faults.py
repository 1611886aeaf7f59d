"""What goes wrong in a night, each by name, and what ends it."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.broker import Message
from tests.simulation.machine import YEAR_MS

if TYPE_CHECKING:
    from tests.simulation.night import Night, Side

Fault = Callable[["Night", int], None]

# A fault that ends a process may strike in the middle of its work only at these places; elsewhere it comes right after.
IN_POST = frozenset(
    {"append", "append.torn", "appended", "sync", "synced", "say", "said", "alert", "told", "acknowledge",
     "acknowledged", "checkpoint", "checkpointed"}
)  # fmt: skip
IN_PRECINCT = frozenset({"round", "receipt", "receipt.sent"})


def _die(how: str, night: "Night", _for_ms: int) -> None:
    night.end_post(how)


def _stop(night: "Night", _for_ms: int) -> None:
    if night.at.host.process is not None:
        night.at.host.process.pipeline.stop()


def _freeze(night: "Night", for_ms: int) -> None:
    """The machine sleeps, or the process is starved: others go on."""
    night.at.freeze(min(for_ms, 600_000))


def _checkpoint(night: "Night", _for_ms: int) -> None:
    if night.at.host.process is not None:
        night.at.host.process.keeper._checkpoint_ms = -1_000_000_000


def _damage_checkpoint(night: "Night", _for_ms: int) -> None:
    if night.at.card.checkpoints:
        night.at.card.checkpoints[-1].damaged = True


def _flip(night: "Night", _for_ms: int) -> None:
    record = night.at.card.flip()
    if record is not None:
        night.at.ledger.flipped(record)


def _fill(level: int, night: "Night", for_ms: int) -> None:
    night.at.card.full = level
    night.world.later(for_ms, partial(setattr, night.at.card, "full", 0))


def _break(night: "Night", _for_ms: int) -> None:
    night.at.card.broken = night.world.luck.choice((1, 1, 2))


def _kill_card(night: "Night", for_ms: int) -> None:
    """Nothing can be written for a while, and perhaps not everything be read: the post must run unsaved.

    Somebody may just have pressed twice; no answer may get through meanwhile; and who mends it may pull the plug.
    """
    side, world = night.at, night.world
    if world.chance(0.3):
        world.later(0, side.buttons["btn-1"].press)
        world.later(world.between(50, 300), side.buttons["btn-1"].press)
    world.later(world.between(0, 900), partial(_lose_card, night, side))
    if world.chance(0.3):
        side.path.back = False
        world.later(for_ms + 1_000, side.heal_path)
    world.later(for_ms + 900, side.card.revive)
    if world.chance(0.3):
        world.later(for_ms + 901, lambda: side.host.die("power"))


def _lose_card(night: "Night", side: "Side") -> None:
    if night.world.now < night.plan.length_ms:  # in the morning nothing fails any more
        luck = night.world.luck
        side.card.dead, side.card.readable = True, luck.choice((None, None, None, 0, luck.randint(1, 12)))


def _slow(night: "Night", for_ms: int) -> None:
    night.at.card.slow_ms = night.world.luck.choice((100, 1_000, 3_000))
    night.world.later(for_ms, partial(setattr, night.at.card, "slow_ms", 0))


def _step_wall(night: "Night", _for_ms: int) -> None:
    night.at.machine.wall_offset_ms += night.world.luck.choice((-5, -1, 1, 5)) * YEAR_MS
    night.at.machine.synchronised = night.world.chance(0.5)


def _distrust(night: "Night", for_ms: int) -> None:
    night.at.machine.synchronised = False
    night.world.later(for_ms, partial(setattr, night.at.machine, "synchronised", True))


def _crash_local(empty: bool, night: "Night", for_ms: int) -> None:
    broker = night.at.local
    if broker.up:
        broker.crash(empty=empty)
        night.world.later(min(for_ms, 12_000), partial(setattr, broker, "up", True))


def _crash_far(empty: bool, night: "Night", for_ms: int) -> None:
    broker = night.far
    if broker.up:
        broker.crash(empty=empty)
        night.world.later(for_ms, partial(setattr, broker, "up", True))


def _drop(name: str, night: "Night", _for_ms: int) -> None:
    """A connection breaks and is made anew; what was in flight comes again, under old and new ids."""
    process = night.at.host.process
    if process is not None:
        night.world.later(0, process.links[name].broken)


def _cut(out: bool, back: bool, night: "Night", for_ms: int) -> None:
    """Nothing gets through in one direction or both; the link finds out after a while, if at all."""
    path = night.at.host.far_path
    path.out, path.back = path.out and not out, path.back and not back
    night.world.later(min(for_ms, night.world.between(0, 15_000)), night.at.break_uplink)
    night.world.later(for_ms, night.at.heal_path)


def _delay(night: "Night", for_ms: int) -> None:
    path = night.at.host.far_path
    path.high_ms = night.world.luck.choice((300, 2_000, 20_000))
    night.world.later(for_ms, partial(setattr, path, "high_ms", 80))


def _again(night: "Night", _for_ms: int) -> None:
    night.at.buttons[night.world.luck.choice(("btn-1", "btn-2"))].again()


def _mute(word: str, night: "Night", for_ms: int) -> None:
    for button in night.at.buttons.values():
        setattr(button, word, True)
        night.world.later(for_ms, partial(setattr, button, word, False))


def _retain(night: "Night", _for_ms: int) -> None:
    night.at.bought.retains = True


def _flood(night: "Night", _for_ms: int) -> None:
    """Sixty sensors at once, and an engine that is slow to judge them."""
    for _ in range(60):
        night.at.sensor.say()
    night.at.host.engine_late_ms = max(night.at.host.engine_late_ms, 2_000)
    night.world.later(3_000, partial(setattr, night.at.host, "engine_late_ms", 0))


def _button_reboots(night: "Night", _for_ms: int) -> None:
    night.at.buttons[night.world.luck.choice(("btn-1", "btn-2"))].lose_power()


def _station(night: "Night", _for_ms: int) -> None:
    night.end_station()


def _leave(night: "Night", for_ms: int) -> None:
    night.precinct.leave()
    night.world.later(for_ms * 2, night.precinct.enter)


def _copy_card(night: "Night", for_ms: int) -> None:
    night.copy_card(for_ms)


def _engine(night: "Night", for_ms: int) -> None:
    night.at.host.engine_late_ms = 5_000
    night.world.later(for_ms, partial(setattr, night.at.host, "engine_late_ms", 0))


def _far_again(night: "Night", _for_ms: int) -> None:
    """The precinct hears an old alert once more, out of order."""
    if night.alerts:
        night.far.publish(night.world.luck.choice(night.alerts))


def _second_content(night: "Night", _for_ms: int) -> None:
    """Somebody else has the post's name: an alert comes with the number of an old one and other words."""
    if night.alerts:
        alert = night.world.luck.choice(night.alerts)
        body = {**json.loads(alert.payload), "title": "lain"}
        night.far.publish(Message(alert.topic, json.dumps(body).encode()))


def _receipt_again(night: "Night", _for_ms: int) -> None:
    """The post hears an old receipt once more. One of a store that was lost since makes it doubt, and ask again."""
    if night.receipts:
        receipt = night.world.luck.choice(night.receipts)
        if json.loads(receipt.payload)["store"] != json.loads(night.receipts[-1].payload)["store"]:
            night.at.ledger.forget_order()
        night.far.publish(receipt)


def _lose_store(night: "Night", _for_ms: int) -> None:
    night.world.later(0, night.precinct.lose_store)


def _copy_store(night: "Night", _for_ms: int) -> None:
    night.world.later(0, night.precinct.back_up)


def _put_store_back(night: "Night", _for_ms: int) -> None:
    night.world.later(0, night.precinct.restore)


FAULTS: dict[str, Fault] = {
    "kill": partial(_die, "kill"),
    "power cut": partial(_die, "power"),
    "orderly restart": _stop,
    "freeze": _freeze,
    "checkpoint now": _checkpoint,
    "checkpoint damaged": _damage_checkpoint,
    "bit flip": _flip,
    "card full": partial(_fill, 1),
    "card full to the brim": partial(_fill, 2),
    "sync fails": _break,
    "sync slow": _slow,
    "card dies": _kill_card,
    "wall clock jumps": _step_wall,
    "clock not trusted": _distrust,
    "local broker loses its queue": partial(_crash_local, False),
    "local broker comes back empty": partial(_crash_local, True),
    "precinct broker loses its queue": partial(_crash_far, False),
    "precinct broker comes back empty": partial(_crash_far, True),
    "panic link breaks": partial(_drop, "panic"),
    "rest link breaks": partial(_drop, "rest"),
    "uplink breaks": partial(_drop, "uplink"),
    "uplink cut": partial(_cut, True, True),
    "uplink cut outwards": partial(_cut, True, False),
    "uplink cut inwards": partial(_cut, False, True),
    "uplink slow": _delay,
    "copy of a press": _again,
    "buttons mute": partial(_mute, "mute"),
    "buttons deaf": partial(_mute, "deaf"),
    "button reboots": _button_reboots,
    "gateway retains presses": _retain,
    "precinct dies": _station,
    "precinct loses its store": _lose_store,
    "precinct store copied": _copy_store,
    "precinct store put back": _put_store_back,
    "nobody at the board": _leave,
    "card copied": _copy_card,
    "engine late": _engine,
    "sensors flood": _flood,
    "alert again": _far_again,
    "second content": _second_content,
    "receipt again": _receipt_again,
}
