"""Where the shipped rule sets, profiles and example configuration are: beside the package, or in the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def share() -> Path:
    """Return the folder that holds ``rules/``, ``devices/`` and ``config/``."""
    installed = _PACKAGE / "_share"
    return installed if installed.is_dir() else _PACKAGE.parent
