"""Towns to tell stories in: one of each kind that is shared by quiet stories, and fresh ones for those that break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import KINDS, Kind
from tests.support.town import Town, living

BOTH = [pytest.param(kind, marks=pytest.mark.mosquitto if kind == "mosquitto" else ()) for kind in KINDS]


@pytest.fixture(scope="session", params=BOTH)
def shared_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that lives through many stories."""
    with living(Town(tmp_path_factory.mktemp(f"town-{request.param}"), request.param)) as town:
        yield town


@pytest.fixture
def town(shared_town: Town) -> Iterator[Town]:
    """The shared town, quiet: nothing is open, and the lamp is idle."""
    shared_town.grow_quiet()
    yield shared_town
    shared_town.switch_off()


@pytest.fixture
def fresh_town(broker_kind: Kind, tmp_path: Path) -> Iterator[Town]:
    """A town of its own, for a story that breaks something."""
    with living(Town(tmp_path, broker_kind)) as town:
        yield town


@pytest.fixture
def quick_town(tmp_path: Path) -> Iterator[Town]:
    """A fresh town on the embedded broker, for a story that is not about brokers."""
    with living(Town(tmp_path, "embedded")) as town:
        yield town
