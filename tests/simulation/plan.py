"""From a seed to a story: what people do, and what goes wrong, half of it just where it hurts."""

from dataclasses import dataclass
from random import Random

PLACES = (
    "press", "append", "append.torn", "appended", "sync", "synced", "say", "said", "alert", "told", "acknowledge",
    "acknowledged", "checkpoint", "checkpointed", "panic.heard", "rest.heard", "uplink.heard", "panic.connected",
    "uplink.connected", "round", "receipt", "receipt.sent",
)  # fmt: skip
DEEDS = ("btn-1", "btn-1", "btn-1", "btn-2", "z-1", "pir-1", "smoke-1", "stranger")
OFTEN = ("card dies", "card dies", "card copied")  # what leads into rare states is drawn more often
ANSWERS = ("acknowledge", "acknowledge", "dispatch", "arrive", "close", "close")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at a post: ``what`` at ``at_ms``; with ``place`` the ``nth`` time that it is passed then."""

    what: str
    at_ms: int
    for_ms: int = 0
    place: str = ""
    nth: int = 1
    post: int = 0

    def __str__(self) -> str:
        whose = f" [post {self.post}]" if self.post else ""
        aim = f" at {self.place} no. {self.nth}" if self.place else ""
        return f"{self.at_ms / 1000:9.3f}  {self.what}{aim}{whose}" + (
            f" for {self.for_ms / 1000:.1f} s" if self.for_ms else ""
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """One night. ``slow`` nights are hours long and looked at now and then. There are ``posts`` posts."""

    seed: str
    length_ms: int
    slow: bool
    low_ids: bool
    trust: str
    tick_ms: int
    steps: tuple[Step, ...]
    posts: int = 1


def make(seed: int, faults: tuple[str, ...]) -> Plan:
    """Draw a night."""
    luck = Random(f"plan {seed}")
    slow = luck.random() < 0.15
    posts = luck.choice((1, 1, 2, 3))
    length = luck.choice((3, 5)) * 3_600_000 if slow else luck.choice((15_000, 40_000, 90_000))
    deeds = [
        Step(luck.choice(DEEDS), luck.randint(0, length), post=luck.randrange(posts))
        for _ in range(luck.randint(2, 7 + posts))
    ]
    answers = [Step(luck.choice(ANSWERS), luck.randint(0, length)) for _ in range(luck.randint(0, 4))]
    lasting = (10_000, 600_000, 7_500_000) if slow else (500, 3_000, 12_000, 40_000)
    troubles = [_trouble(luck, deeds, faults, length, luck.choice(lasting)) for _ in range(luck.randint(0, 5 + posts))]
    steps = sorted((*deeds, *answers, *troubles), key=lambda step: step.at_ms)
    low_ids, trust = luck.random() < 0.5, luck.choice(("kernel", "always"))
    tick = (
        30_000 if slow else luck.choice((250, 1_000, 1_000, 3_000, 3_000))
    )  # how often a post looks up that has nothing to do
    return Plan(f"luck {seed}", length, slow, low_ids, trust, tick, tuple(steps), posts)


def _trouble(luck: Random, deeds: list[Step], faults: tuple[str, ...], length: int, lasting: int) -> Step:
    what, deed = luck.choice((*faults, *OFTEN)), luck.choice(deeds)
    if luck.random() < 0.5:
        return Step(what, luck.randint(0, length), lasting, post=deed.post)
    near = max(0, deed.at_ms - luck.choice((1, 1, 2_000)))
    return Step(what, near, lasting, luck.choice(PLACES), luck.choice((1, 1, 1, 2, 2, 3, 5, 8)), deed.post)
