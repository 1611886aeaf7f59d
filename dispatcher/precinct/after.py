"""What is to be done once a batch is on the disk, gathered while it is worked on."""

from dataclasses import dataclass, field

from dispatcher.domain.incident import Receipt
from dispatcher.precinct.rules.inputs import Input
from dispatcher.wire.event import EventTaken


@dataclass(slots=True)
class After:
    """Receipts and answers by post, inputs of the rules, what changed, and whether posts must hear of watches."""

    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    taken: list[tuple[str, EventTaken]] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    watches: bool = False

    def judge(self, one: Input | None) -> None:
        """Let the rules see an input, if they look at it."""
        if one is not None:
            self.inputs.append(one)
