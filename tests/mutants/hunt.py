"""Let the suites loose on a mutant, each in a process of its own."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_S = 1_800  # two thousand nights on a machine that has other things to do
SUITES = {
    "post": (
        "tests/unit/post/test_pipeline.py",
        "tests/unit/post/test_clock.py",
        "tests/unit/post/test_unsaved.py",
    ),
    "incidents": ("tests/unit/incidents", "tests/unit/relay"),
    "precinct": (
        "tests/unit/precinct/test_station.py",
        "tests/unit/precinct/test_intake.py",
        "tests/unit/precinct/test_liveness.py",
        "tests/contract/test_store.py",
    ),
    "mqtt": ("tests/unit/mqtt",),
    "devices": ("tests/unit/devices/test_normalise.py", "tests/unit/devices/test_kentongan.py"),
    "journal": ("tests/unit/journal/test_page_cache.py",),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """What noticed a mutant, in words; empty: nothing did."""

    by: str

    def __bool__(self) -> bool:
        return bool(self.by)


def _run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )


def simulate(mutant: str, seeds: int) -> Kill:
    """Simulate up to ``seeds`` nights as a mutant. Raises RuntimeError when the mutant cannot be made."""
    done = _run(["-m", "tests.mutants.child", mutant, str(seeds)])
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return Kill(done.stdout.strip())


def run_suite(mutant: str, suite: str) -> Kill:
    """Run a suite of tests as a mutant, up to the first test that fails."""
    options = ["-x", "-q", "--no-header", "-p", "tests.mutants.plugin", "-p", "no:cacheprovider"]
    done = _run(["-m", "pytest", *options, *SUITES[suite]], KENTONGAN_MUTANT=mutant)
    if done.returncode == 0:
        return Kill("")
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError((done.stdout + done.stderr)[-2_000:])
    return Kill(found[1])
