"""The pictures of the terminal in the handbook are what the program prints."""

from dataclasses import replace

import pytest

from dispatcher.cli.status.screen import view
from dispatcher.post.standing import IncidentLine, LaneLine, Outbox, RuleLine
from tests.docs.pages import LANGUAGES, blocks
from tests.unit.cli.standings import WELL

ZONE = (("post", "pos-03"), ("zone", "gerbang"))
EVENING = replace(
    WELL,
    lamp="undelivered",
    up_s=11_520,
    brokers=(
        *(replace(one, since_s=11_520) for one in WELL.brokers[:2]),
        replace(WELL.brokers[2], phase="unreachable", since_s=720, detail="polsek.example:8883: Connection refused"),
    ),
    lanes=(LaneLine("panic"), LaneLine("precinct"), LaneLine("rest", 12, 200), LaneLine("rules", 3, 10)),
    outbox=Outbox(1, 690),
    incidents_open=1,
    incidents=(
        IncidentLine("i", "floor", "Tombol panik ditekan: btn-1 di Pos 03", "critical", "undelivered", 690, 2),
    ),
    rules=replace(
        WELL.rules,
        count=3,
        lines=(
            RuleLine("ramai-di-gerbang", "", "live", "window", 2, 3, 42_000, ZONE, {"fired": 1}, 7_260, 99_999),
            RuleLine("pos-sunyi", "", "live", "timer", 1, 1, 2_406_000, (("entry", "pos-03"),), {}, None, 99_999),
            RuleLine("panas", "", "shadow", "instant", today={"shadow": 4}, fired_s=90, known_s=99_999),
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_view_in_the_handbook_is_what_status_prints(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENTONGAN_LANG", language)
    (block,) = [one for one in blocks() if one.info == "text status" and f"/{language}/" in one.file]
    assert block.body.splitlines() == [line.rstrip() for line in view(EVENING)]
