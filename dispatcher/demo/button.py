"""A panic button as its firmware would hold it: repeat (boot, seq) until the post confirms it. Pure.

A broker's PUBACK is not the post's word: a button that stops at PUBACK loses the press when the post dies before it has
saved. Only a confirm that names this boot and this seq ends the repeating, whatever stage it tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatcher.demo import messages
from dispatcher.demo.messages import Confirm, Message

FIRST_REPEAT_S = 1.0
LONGEST_REPEAT_S = 5.0
BACK_OFF = 1.5
MAX_OPEN = 16  # presses that wait for their confirm; a chip has little memory
SILENCE_S = 10.0  # a press without any answer this long: the guard must not wait for us


@dataclass(frozen=True, slots=True)
class Press:
    """One press. Times are seconds on the device's own running clock; ``stage`` is None until the post answers."""

    seq: int
    pressed_s: float
    next_s: float
    wait_s: float
    stage: str | None = None
    incident: str | None = None
    by: str | None = None
    reason: str | None = None
    sent: int = 1


@dataclass(frozen=True, slots=True)
class Button:
    """A button since its last start; ``boot`` counts starts, ``seq`` the presses since then. Newest press last."""

    device: str
    boot: int
    seq: int = 0
    presses: tuple[Press, ...] = ()

    @property
    def latest(self) -> Press | None:
        """The press a guard thinks of, None before the first."""
        return self.presses[-1] if self.presses else None


def press(button: Button, now_s: float) -> tuple[Button, Message]:
    """Press once: a new seq. With too many unanswered presses the oldest one is said again instead."""
    waiting = [entry for entry in button.presses if entry.stage is None]
    if len(waiting) >= MAX_OPEN:
        return button, _event(button, waiting[0].seq)
    seq = button.seq + 1
    fresh = Press(seq, now_s, now_s + FIRST_REPEAT_S, FIRST_REPEAT_S)
    kept = (*waiting, fresh)
    return replace(button, seq=seq, presses=kept), _event(button, seq)


def due(button: Button, now_s: float) -> tuple[Button, tuple[Message, ...]]:
    """Repeat every press that is unanswered and whose time has come; each repeat waits longer than the one before."""
    repeats = tuple(_event(button, entry.seq) for entry in button.presses if _is_due(entry, now_s))
    if not repeats:
        return button, ()
    return replace(button, presses=tuple(_repeated(entry, now_s) for entry in button.presses)), repeats


def confirmed(button: Button, answer: Confirm) -> Button:
    """Take the post's word. One for another boot, or for a press we no longer hold, changes nothing."""
    if answer.boot != button.boot:
        return button
    return replace(button, presses=tuple(_answered(entry, answer) for entry in button.presses))


def unanswered(button: Button, now_s: float) -> bool:
    """Return whether some press has had no answer for so long that the button itself must say: use the radio."""
    return any(entry.stage is None and now_s - entry.pressed_s >= SILENCE_S for entry in button.presses)


def _event(button: Button, seq: int) -> Message:
    return messages.event(button.device, "panic.press", button.boot, seq)


def _is_due(entry: Press, now_s: float) -> bool:
    return entry.stage is None and now_s >= entry.next_s


def _repeated(entry: Press, now_s: float) -> Press:
    if not _is_due(entry, now_s):
        return entry
    wait_s = min(entry.wait_s * BACK_OFF, LONGEST_REPEAT_S)
    return replace(entry, wait_s=wait_s, next_s=now_s + wait_s, sent=entry.sent + 1)


def _answered(entry: Press, answer: Confirm) -> Press:
    if entry.seq != answer.seq:
        return entry
    return replace(
        entry,
        stage=answer.stage,
        incident=answer.incident or entry.incident,
        by=answer.by or entry.by,
        reason=answer.reason,
    )
