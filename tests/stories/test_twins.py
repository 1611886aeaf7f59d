"""A post that was set up twice: two machines answer to one name."""

from __future__ import annotations

from pathlib import Path

from tests.support.brokers import POST, make_broker, running
from tests.support.town import POST_ID, USERS, Town
from tests.support.waiting import eventually


def test_two_machines_that_claim_one_post_are_shown_at_the_precinct(fresh_town: Town, tmp_path: Path) -> None:
    town = fresh_town
    assert _twins(town) is False
    with running(make_broker(town.kind, tmp_path / "twin-broker", "post", USERS)) as elsewhere:
        twin = town.make_post("twin", broker=town.address(elsewhere, POST))
        try:
            twin.start()
            twin.wait_ready()
            eventually(lambda: _twins(town), lambda: f"{town.officer.get('/posts')}\n{twin.tail()}\n{town.logs()}")
        finally:
            twin.kill()


def _twins(town: Town) -> bool:
    posts = eventually(lambda: town.officer.get("/posts"), "the precinct does not answer")["posts"]
    return bool(next(line["twins"] for line in posts if line["id"] == POST_ID))
