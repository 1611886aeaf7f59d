"""What is to be done once a batch is on the disk, gathered while it is worked on."""

from dataclasses import dataclass, field

from dispatcher.domain.incident import Receipt
from dispatcher.incidents.model import Confirm
from dispatcher.precinct.rules.inputs import Input
from dispatcher.wire.event import EventTaken


@dataclass(slots=True)
class After:
    """What goes to posts and to our own devices, inputs of the rules, what changed, and whether watches did."""

    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    taken: list[tuple[str, EventTaken]] = field(default_factory=list)
    confirms: list[Confirm] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    watches: bool = False

    def add(self, other: "After") -> None:
        """Take over what one message has led to."""
        self.receipts += other.receipts
        self.taken += other.taken
        self.confirms += other.confirms
        self.inputs += other.inputs
        self.changed |= other.changed
        self.watches |= other.watches

    def judge(self, one: Input | None) -> None:
        """Let the rules see an input, if they look at it."""
        if one is not None:
            self.inputs.append(one)
