"""``pytest -p tests.mutants.plugin``: run a suite as the mutant that KENTONGAN_MUTANT names."""

import os

import pytest

from tests.mutants.catalogue import BY_NAME, apply_all


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Become the mutant once every test module has been imported, so that none keeps the sound function."""
    name = os.environ.get("KENTONGAN_MUTANT")
    if name:
        apply_all(BY_NAME[name])
