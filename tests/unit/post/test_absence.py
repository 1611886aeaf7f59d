"""What an absence does to times that were kept: nothing, where it was measured; where it was not, they mean nothing."""

import pytest

from dispatcher.devices.state import Change
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import Context
from dispatcher.post.memory import Memory, bare_rulebook
from tests.unit.incidents.town import SITE


@pytest.mark.parametrize(
    ("absence", "kept"),
    [
        ({"downtime_known": True, "downtime_ms": 900}, True),
        ({"downtime_known": False, "downtime_ms": 0}, False),
        ({"downtime_known": True, "downtime_ms": 0}, False),  # by two clocks of which one is wrong
    ],
)
def test_a_press_soon_after_a_start_is_no_repetition_of_one_before_it_unless_the_time_between_is_known(
    absence: dict[str, object], kept: bool
) -> None:
    context = Context("pos-03", SITE)
    memory = Memory(context, bare_rulebook(context))
    memory.devices.apply([Change("z-1", "!panic.press/", 5_000), Change("z-1", "battery", "low")])
    memory.fold_start(Stamp(5_001, 0, trusted=False), absence)
    assert (memory.devices.get("z-1", "!panic.press/") == 5_000) is kept
    assert memory.devices.get("z-1", "battery") == "low"
