"""Which post a command speaks of, and who speaks."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from dispatcher.cli.asking import find_config
from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.post.release.history import MAX_WHO, usable_who
from dispatcher.settings.station import PostSettings, load_post

NONE_HERE = Text(
    "tidak ada di sini, di config/ atau di /etc/kentongan/config: tunjuk dengan --config",
    "is not here, in config/ or in /etc/kentongan/config: name it with --config",
)


def settings_of(config: Path | None) -> PostSettings:
    """Return the settings in ``config``, else of the first post.yaml in the usual places. Raises FaultsFound."""
    path = find_config(config)
    if path is None:
        raise FaultsFound((Fault(Place("post.yaml"), "file-missing", NONE_HERE),))
    return load_post(path)


def who() -> str:
    """Return the login name of the person at the keyboard, also behind sudo; never empty."""
    named = [name for name in _names() if usable_who(name)]
    return next((name for name in named if name != "root"), named[0] if named else f"uid-{os.getuid()}")


def _names() -> Iterator[str]:
    for variable in ("SUDO_USER", "LOGNAME", "USER"):
        yield os.environ.get(variable, "")[:MAX_WHO]
    try:
        yield pwd.getpwuid(os.getuid()).pw_name[:MAX_WHO]
    except KeyError:
        return
