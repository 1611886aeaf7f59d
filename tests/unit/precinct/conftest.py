from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.precinct.builders import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A precinct at work, with nobody at a board yet."""
    found = Desk(tmp_path)
    found.station.start()
    yield found
    found.station.stop()
