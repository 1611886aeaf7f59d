import asyncio
from collections.abc import Coroutine
from typing import Any

from dispatcher.precinct.changes import POSTS, Changes
from dispatcher.precinct.web.pulse import GATHER_POSTS_S, GATHER_S, Pulse

INCIDENT = frozenset({"a1b2c3"})
STRIP = frozenset({POSTS})


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


def test_changes_that_come_together_go_out_together() -> None:
    async def story() -> None:
        changes = Changes()
        pulse = Pulse(changes)
        pulse.join()
        for _ in range(5):
            changes.tell(INCIDENT)
        assert await pulse.next(10)
        assert pulse.version == 5
        pulse.leave()

    play(story())


def test_an_incident_does_not_wait_for_the_strip_of_posts() -> None:
    async def story() -> None:
        changes, loop = Changes(), asyncio.get_running_loop()
        pulse = Pulse(changes)
        pulse.join()
        changes.tell(STRIP)
        await asyncio.sleep(0)
        changes.tell(INCIDENT)
        await asyncio.sleep(0)
        assert pulse._due is not None
        assert pulse._due.when() <= loop.time() + GATHER_S < loop.time() + GATHER_POSTS_S
        pulse.leave()

    play(story())


def test_who_comes_after_a_change_does_not_miss_the_next() -> None:
    async def story() -> None:
        changes = Changes()
        pulse = Pulse(changes)
        changes.tell(INCIDENT)  # while nobody listens
        pulse.join()
        assert pulse.version == 1
        changes.tell(INCIDENT)
        assert await pulse.next(10)
        assert pulse.version == 2
        pulse.leave()

    play(story())


def test_a_close_wakes_everybody_at_once() -> None:
    async def story() -> None:
        changes = Changes()
        pulse = Pulse(changes)
        pulse.join()
        waiting = [asyncio.create_task(pulse.next(10)) for _ in range(3)]
        await asyncio.sleep(0)
        changes.close()
        assert await asyncio.gather(*waiting) == [True] * 3
        pulse.leave()

    play(story())


def test_the_same_app_may_be_served_again_by_another_loop() -> None:
    changes = Changes()
    pulse = Pulse(changes)

    async def story() -> None:
        pulse.join()
        changes.tell(INCIDENT)
        assert await pulse.next(10)
        pulse.leave()

    play(story())
    play(story())


def test_what_changed_is_remembered_up_to_a_bound_and_then_everything_is_read_anew() -> None:
    changes = Changes()
    for n in range(3000):
        changes.tell(frozenset({str(n)}))
    assert changes.since(2998) == (3000, frozenset({"2998", "2999"}))
    assert changes.since(5) == (3000, None)
