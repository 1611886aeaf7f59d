"""From what the devices show to what the page writes: words only, so that the page's script decides nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.demo import words
from dispatcher.demo.devices import Snapshot
from dispatcher.demo.things import DARK, IDLE
from dispatcher.demo.traffic import Row
from dispatcher.demo.words import StageWords
from dispatcher.domain.faults import Language, Text

ZONE = ZoneInfo("Asia/Jakarta")  # of the demo's site, so that page and board show one time
_ANSWERED = frozenset({"acknowledged", "dispatched", "arrived", "closed"})
_NO_CALL = frozenset({DARK, IDLE})


def devices(snapshot: Snapshot, language: Language) -> dict[str, Any]:
    """Return the state of button, lamp, trail and cards."""
    return {
        "lamp": _lamp(snapshot, language),
        "button": _button(snapshot, language),
        "trail": _trail(_own_stage(snapshot)),
        "cards": {name: _card(name, active, language) for name, active in snapshot.active.items()},
    }


def traffic(rows: Sequence[Row], language: Language) -> list[dict[str, Any]]:
    """Return the strip's lines, newest first."""
    return [
        {
            "n": row.number,
            "hop": row.hop,
            "where": words.say(f"hop_{row.hop}", language),
            "at": datetime.fromtimestamp(row.at, ZONE).strftime("%H:%M:%S"),
            "topic": row.topic,
            "payload": row.payload,
            "times": row.times,
        }
        for row in reversed(rows)
    ]


def evening(caption: Text | None, source: str, playing: bool, language: Language) -> dict[str, str]:
    """Return what the evening's card says: the last thing that happened, and which product's message it was."""
    if caption is not None:
        return {"text": caption.render(language, {}), "source": source}
    return {"text": words.say("evening_soon" if playing else "evening_off", language), "source": ""}


def _lamp(snapshot: Snapshot, language: Language) -> dict[str, str]:
    stage = words.STAGES[snapshot.lamp]
    return {
        "stage": snapshot.lamp,
        "word": stage.word.render(language, {}),
        "blink": stage.blink.render(language, {}),
        "meaning": _meaning(snapshot, stage, language),
        "by": _by(snapshot, language),
    }


def _meaning(snapshot: Snapshot, stage: StageWords, language: Language) -> str:
    """Return what the stage means, after what is wrong with the post itself; a dark lamp can tell of nothing else."""
    trouble = None if snapshot.lamp == DARK else words.TROUBLES.get(snapshot.trouble or "")
    meaning = stage.meaning.render(language, {})
    return meaning if trouble is None else f"{trouble.render(language, {})} {meaning}"


def _by(snapshot: Snapshot, language: Language) -> str:
    """Return who answered; or, where a shared lamp is held back by another call, that ours was answered."""
    press = snapshot.press
    answered = press is not None and press.stage in _ANSWERED
    by = snapshot.by or (press.by if press is not None else None)
    if snapshot.lamp in _ANSWERED:
        return f"{words.say('answered_by', language)} {by}" if by else ""
    if answered and snapshot.lamp in words.STAGES and snapshot.lamp not in _NO_CALL:
        return words.say("others", language, by=f" ({by})" if by else "")
    return ""


def _own_stage(snapshot: Snapshot) -> str:
    """Return how far the last press on this page has come, which the post's one lamp may lag behind."""
    press = snapshot.press
    return snapshot.lamp if press is None or press.stage is None else press.stage


def _button(snapshot: Snapshot, language: Language) -> dict[str, Any]:
    press = snapshot.press
    if press is None:
        return {"line": words.say("panic_hint", language), "state": "idle"}
    if press.stage is None:
        key = "silent" if snapshot.unanswered else "waiting"
        return {"line": words.say(key, language, seq=press.seq, sent=press.sent), "state": key}
    known = words.STAGES.get(press.stage)
    word = press.stage if known is None else known.word.render(language, {}).lower()
    return {"line": words.say("kept", language, seq=press.seq, word=word), "state": press.stage}


def _trail(lamp: str) -> dict[str, str]:
    """Return for each step of the way whether it is done, now, or still to come."""
    reached = words.TRAIL.index(_reached(lamp)) if _reached(lamp) else -1
    return {step: _mark(index, reached) for index, step in enumerate(words.TRAIL)}


def _mark(index: int, reached: int) -> str:
    if index == reached:
        return "now"
    return "done" if index < reached else "ahead"


def _reached(lamp: str) -> str:
    """Return the step of the way that a stage stands for: ``undelivered`` was sent and no more."""
    aside = {"undelivered": "sent", "unattended": "delivered", "closed": "arrived"}
    return aside.get(lamp, lamp if lamp in words.TRAIL else "")


def _card(name: str, active: bool, language: Language) -> dict[str, Any]:
    card = words.CARDS[name]
    return {"active": active, "word": (card.active if active else card.quiet).render(language, {})}
