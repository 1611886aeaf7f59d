"""Towns for faults on real processes, and the rule that the long ones are asked for: `make faults` or `-m slow`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import require_mosquitto
from tests.support.hurt import HurtTown, town_of_hurt
from tests.support.ledger import Ledger

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow ones of this folder out unless markers or a test's own name were asked for."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    slow = [item for item in items if HERE in item.path.parents and item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[HurtTown]:
    """A town on mosquitto, with nothing between its parts."""
    require_mosquitto()
    with town_of_hurt(tmp_path) as made:
        yield made


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[HurtTown]:
    """A town on mosquitto whose post reaches both brokers over wires that can be cut."""
    require_mosquitto()
    with town_of_hurt(tmp_path, wired=True) as made:
        yield made


@pytest.fixture
def ledger(town: HurtTown) -> Ledger:
    """The account of three buttons of `town`."""
    return Ledger(town, [town.button(f"btn-{n}") for n in (1, 2, 3)])


@pytest.fixture
def wired_ledger(wired: HurtTown) -> Ledger:
    """The account of three buttons of `wired`."""
    return Ledger(wired, [wired.button(f"btn-{n}") for n in (1, 2, 3)])
