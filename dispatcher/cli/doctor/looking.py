"""Where doctor looks: the running post, else its folder; its files as they stand now; the card; the kernel's clock."""

import time
from dataclasses import replace
from pathlib import Path

from dispatcher.cli.asking import NoAnswer, ask
from dispatcher.cli.doctor.model import Look
from dispatcher.domain.faults import Fault, FaultsFound
from dispatcher.journal import JournalProblem, holder
from dispatcher.post import config, offline
from dispatcher.post.card import card_of
from dispatcher.post.clock import kernel_synchronised
from dispatcher.post.ending import last_ending
from dispatcher.settings.sources import collect
from dispatcher.settings.station import PostSettings

MODEL = Path("/proc/device-tree/model")  # on a Raspberry Pi


def look_at(settings: PostSettings) -> Look:
    """Return all that can be seen of a post from its machine. Changes nothing, and raises nothing."""
    look = _with_files(
        Look(
            settings,
            None,
            ending=last_ending(settings.data_dir),
            process=_process(settings),
            card=card_of(settings.data_dir),
            synchronised=_synchronised(),
            machine=_machine(),
        )
    )
    try:
        return replace(look, standing=ask(settings))
    except NoAnswer as silence:
        return _off_folder(replace(look, silence=silence))


def _off_folder(look: Look) -> Look:
    try:
        return replace(look, standing=offline.standing_of(look.settings))
    except FaultsFound:
        return look  # no site that can be used: the faults say so already
    except FileNotFoundError:
        return look  # it never started, or its data is gone: there is nothing to tell
    except (JournalProblem, OSError) as error:
        return replace(look, unreadable=f"{look.settings.data_dir}: {error}")


def _with_files(look: Look) -> Look:
    settings = look.settings
    return replace(
        look,
        rules_version=collect(settings.rules).version,
        site_version=collect([settings.site]).version,
        changed_s=_changed_s(settings),
        faults=_faults(settings),
    )


def _faults(settings: PostSettings) -> tuple[Fault, ...]:
    try:
        return config.load(settings, keeping=False).faults
    except FaultsFound as found:
        return found.faults


def _changed_s(settings: PostSettings) -> float | None:
    """Return how long ago the newest of the rule files was changed."""
    times = [_mtime(Path(source.name)) for source in collect(settings.rules).files]
    known = [one for one in times if one is not None]
    return max(0.0, time.time() - max(known)) if known else None


def _mtime(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _process(settings: PostSettings) -> int | None:
    try:
        return holder(settings.data_dir / "journal")
    except OSError:
        return None


def _machine() -> str:
    try:
        return MODEL.read_text(encoding="ascii", errors="replace").strip("\0\n")
    except OSError:
        return ""


def _synchronised() -> bool | None:
    try:
        return kernel_synchronised()
    except (OSError, AttributeError):
        return None
