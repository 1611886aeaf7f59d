"""``kentongan doctor [--json]``."""

import json
from pathlib import Path

from dispatcher.cli.asking import WHICH, find_config
from dispatcher.cli.doctor.findings import diagnose
from dispatcher.cli.doctor.looking import look_at
from dispatcher.cli.doctor.report import lines, plain
from dispatcher.cli.say import complain, show
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.settings.station import load_post

GOOD, FOUND, NOT_SEEN = 0, 1, 2

BAD_FILE = Text(
    "{path} tidak dapat dipakai: pos tidak akan mulai dengannya (78). Perbaiki, lalu: kentongan doctor",
    "{path} cannot be used: the post will not start with it (78). Mend it, then: kentongan doctor",
)


def doctor(config: Path | None, *, as_json: bool) -> int:
    """Say what is wrong with a post; return 0 for nothing, 1 for findings, 2 where it could not look."""
    path = find_config(config)
    if path is None:
        complain(WHICH)
        return NOT_SEEN
    try:
        settings = load_post(path)
    except FaultsFound as found:
        show(found.faults)
        complain(BAD_FILE, path=path)
        return NOT_SEEN
    look = look_at(settings)
    findings = diagnose(look)
    print(json.dumps(plain(look, findings), ensure_ascii=False) if as_json else "\n".join(lines(look, findings)))
    if look.unreadable:
        return NOT_SEEN
    return FOUND if findings else GOOD
