"""A post's state under test, driven by short sentences. Nothing here is a mock: it folds real decisions."""

from dataclasses import dataclass, field
from typing import Any

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Said
from dispatcher.domain.incident import Receipt, Severity, Stage
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import receipts, revisions
from dispatcher.incidents.copies import Identity, identify
from dispatcher.incidents.firings import decide_firing
from dispatcher.incidents.floor import Context, decide_event, decide_unknown
from dispatcher.incidents.model import Confirm, Decision, Incident, Reason
from dispatcher.incidents.state import PostState
from dispatcher.wire import alert

SITE = Site(
    timezone="Asia/Jakarta",
    precinct="polsek-tambora",
    kelurahan={"krendang": Kelurahan("krendang", "31.73.04.1005", "Krendang")},
    posts={"pos-03": Post("pos-03", "Pos 03 Krendang", "krendang", -6.15, 106.8)},
    devices={
        "btn-1": Device("btn-1", "kentongan", "panic_button", "pos-03", "meja"),
        "btn-2": Device("btn-2", "kentongan", "panic_button", "pos-03", "gang"),
        "pir-1": Device("pir-1", "kentongan", "motion", "pos-03", "parkir"),
        "smoke-1": Device("smoke-1", "kentongan", "smoke", "pos-03", "meja"),
        "lamp-1": Device("lamp-1", "kentongan", "lamp", "pos-03"),
        "siren-1": Device("siren-1", "kentongan", "siren", "pos-03"),
    },
)
MINUTE = 60_000
HOUR = 60 * MINUTE


@dataclass
class Town:
    """One post at 21:00 WIB, with a clock that is moved by hand."""

    state: PostState = field(default_factory=PostState)
    now_ms: int = 0
    context: Context = field(default_factory=lambda: Context("pos-03", SITE))
    _uncounted: int = 0

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_ms += milliseconds

    @property
    def now(self) -> Stamp:
        """Return the instant."""
        return Stamp(self.now_ms, 1_796_000_000_000 + self.now_ms, trusted=True)

    def event(self, kind: str, device: str, boot: int | None, seq: int | None, **attrs: str) -> tuple[Event, Identity]:
        """Return an event as the intake would make it."""
        draft = Event(
            id="", kind=kind, device=device, role=None, post="pos-03", zone="meja", kelurahan="krendang",
            source="button", trust="authenticated", arrived=self.now, attrs=attrs, boot=boot, seq=seq,
        )  # fmt: skip
        identity = identify(self.state, draft, self.now)
        if identity.event is None:
            self._uncounted += 1
        id_ = identity.event or f"uncounted-{self._uncounted}"
        return Event(**{**{name: getattr(draft, name) for name in draft.__slots__}, "id": id_}), identity

    def press(self, device: str = "btn-1", boot: int | None = 1, seq: int | None = 1, **attrs: str) -> Decision:
        """Press a button."""
        return self.apply(
            decide_event(self.context, self.state, *self.event("panic.press", device, boot, seq, **attrs))
        )

    def sense(self, kind: str, device: str, boot: int | None = None, seq: int | None = None) -> tuple[Event, Decision]:
        """Let a sensor say something."""
        event, identity = self.event(kind, device, boot, seq)
        return event, self.apply(decide_event(self.context, self.state, event, identity))

    def unknown(self, device: str, boot: int = 1, seq: int = 1) -> Decision:
        """Press a button that the site does not know."""
        event, _ = self.event("device.unknown", device, boot, seq)
        return self.apply(decide_unknown(self.context, self.state, event))

    def fire(self, event: Event, rule: str = "r", **fields: Any) -> Decision:
        """Let a rule fire for an event."""
        values = {
            "said": Said.FIRED,
            "title": "judul",
            "severity": Severity.HIGH,
            "incident": "kebakaran",
            "escalate": ("precinct",),
        }
        firing = Firing(**{**values, "rule": rule, "event": event.id, **fields})
        return self.apply(decide_firing(self.context, self.state, event, firing))

    def receipt(
        self, incident: str, rev: int, stage: Stage, by: str | None = None, store: str | None = "s"
    ) -> Decision:
        """Hear from the precinct."""
        return self.apply(receipts.decide_receipt(self.state, Receipt(incident, rev, stage, by, store=store)))

    def sent(self, incident: str, rev: int) -> Decision:
        """Let the precinct's broker take a revision."""
        return self.apply(receipts.decide_sent(self.state, incident, rev))

    def time(self) -> Decision:
        """Look at the clock."""
        return self.apply(receipts.decide_time(self.state, self.now))

    def revise(self) -> list[alert.Alert]:
        """Make what revisions are due and return them as the precinct reads them."""
        made = []
        for incident in revisions.due(self.state, self.now):
            revision = revisions.make(incident, self.now, "instance")
            told = revisions.told_by(revision.body)
            self.state.apply(Decision(Reason.ADVANCED, (revisions.put(incident, revision, told),)))
            read = alert.decode(revision.body)
            assert isinstance(read, alert.Alert)
            made.append(read)
        return made

    def apply(self, decision: Decision) -> Decision:
        """Fold a decision."""
        self.state.apply(decision)
        return decision

    def incident(self, decision: Decision) -> Incident:
        """Return the incident that a decision is about."""
        assert decision.incident is not None
        return self.state.incidents[decision.incident]


def stages(decision: Decision) -> list[Stage]:
    """Return the stages that a decision confirms, in order."""
    return [effect.stage for effect in decision.effects if isinstance(effect, Confirm)]
