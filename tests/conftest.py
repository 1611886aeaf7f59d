"""Fixtures that every folder of tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.brokers import KINDS, Broker, Kind, make_broker, running

# No test may depend on speed, hypothesis' own deadline of 200 ms an example included.
settings.register_profile("kentongan", deadline=None)
settings.load_profile("kentongan")


@pytest.fixture(
    params=[pytest.param(kind, marks=pytest.mark.mosquitto if kind == "mosquitto" else ()) for kind in KINDS]
)
def broker_kind(request: pytest.FixtureRequest) -> Kind:
    """Run the test once over each kind of broker."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def broker(broker_kind: Kind, tmp_path: Path) -> Iterator[Broker]:
    """A running broker as at a post."""
    with running(make_broker(broker_kind, tmp_path / "post-broker", "post")) as started:
        yield started


@pytest.fixture
def precinct_broker(broker_kind: Kind, tmp_path: Path) -> Iterator[Broker]:
    """A running broker as at the precinct, without TLS; of the same kind as `broker` in the same test."""
    with running(make_broker(broker_kind, tmp_path / "precinct-broker", "precinct")) as started:
        yield started
