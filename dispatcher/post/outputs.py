"""What the post says to its own devices: confirmations, commands, and the lamp."""

import json
from collections.abc import Iterable
from typing import Protocol

from dispatcher.devices import Profiles
from dispatcher.devices.commands import OutMessage, Unsupported, to_messages
from dispatcher.domain.incident import Stage
from dispatcher.domain.site import Device, Site
from dispatcher.incidents.model import Command, Confirm, Effect

LAMP_TTL_S = 15  # a lamp that hears nothing for so long goes dark: dark means dead, use the radio
LAMP_REFRESH_MS = 5_000
IDLE = "idle"
MAX_TOLD = 5_000


class Publisher(Protocol):
    """The local broker as an output."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...


class Outputs:
    """Turns effects into messages for devices of this post."""

    def __init__(self, publisher: Publisher, profiles: Profiles, site: Site, post: str) -> None:
        self._publisher = publisher
        self._profiles = profiles
        self._site = site
        self._lamps = [
            device for device in site.devices.values() if device.role == "lamp" and device.post in (post, None)
        ]
        self._shown: tuple[str, str] | None = None
        self._shown_ms = 0
        # The stage each press was last told: where a turn ends at that stage again, nothing is said. An empty desk
        # makes the precinct say `delivered` and `unattended` of every press each time one more comes.
        self._told: dict[tuple[str, int, int], Stage] = {}
        self.unsupported: dict[str, str] = {}

    def carry_out(self, effects: Iterable[Effect]) -> None:
        """Publish confirmations and commands."""
        listed = list(effects)
        final = {_press(effect): effect.stage for effect in listed if isinstance(effect, Confirm)}
        for effect in listed:
            if not isinstance(effect, Confirm):
                self._command(effect)
            elif effect.again or self._told.get(_press(effect)) is not final[_press(effect)]:
                self._publisher.publish(f"kentongan/{effect.device}/confirm", _confirm_body(effect))
        for press, stage in final.items():
            self._told.pop(press, None)
            self._told[press] = stage
        while len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]

    def _command(self, command: Command) -> None:
        device = self._site.devices.get(command.device)
        if device is not None:
            self._send(device, command.command, {**command.args, "id": command.id})

    def _send(self, device: Device, command: str, args: dict[str, object]) -> None:
        messages = to_messages(device, command, args, self._profiles)
        if isinstance(messages, Unsupported):
            self.unsupported[f"{device.id} {command}"] = str(messages.reason)
            return
        for message in messages:
            self._publish(message)

    def _publish(self, message: OutMessage) -> None:
        self._publisher.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    def show(self, stage: Stage | None, run_ms: int, trouble: str = "") -> bool:
        """Show a stage on every lamp, and ``trouble`` of the post itself; return whether anything changed.

        The same stage is told again every few seconds, since a lamp believes it only for ``LAMP_TTL_S``.
        """
        word = IDLE if stage is None else str(stage)
        changed = (word, trouble) != self._shown
        if changed or run_ms - self._shown_ms >= LAMP_REFRESH_MS:
            self._shown, self._shown_ms = (word, trouble), run_ms
            args: dict[str, object] = {"stage": word, "ttl_s": LAMP_TTL_S}
            if trouble:
                args["trouble"] = trouble
            for lamp in self._lamps:
                self._send(lamp, "lamp.stage", args)
        return changed


def _press(confirm: Confirm) -> tuple[str, int, int]:
    return confirm.device, confirm.boot, confirm.seq


def _confirm_body(confirm: Confirm) -> bytes:
    body: dict[str, object] = {
        "boot": confirm.boot,
        "seq": confirm.seq,
        "incident": confirm.incident,
        "stage": str(confirm.stage),
    }
    if confirm.by is not None:
        body["by"] = confirm.by
    if confirm.reason is not None:
        body["reason"] = confirm.reason
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
