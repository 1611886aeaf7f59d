import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.incident import Stage
from dispatcher.precinct.intake import instant_ms, judge, opened_ms
from dispatcher.precinct.standing import LADDER, MOVES, STAGE_OF, Refusal, Standing, Verb, contiguous, move
from dispatcher.wire.fields import iso
from tests.unit.precinct.builders import NOW, panic

OPENED = Standing(held=1, top=1, alarm=1)


def reached(**stages: int) -> Standing:
    return Standing(held=2, top=2, alarm=1, reached={Stage(name): rev for name, rev in stages.items()})


@pytest.mark.parametrize("stage", [Stage.DELIVERED, *LADDER])
@pytest.mark.parametrize("verb", list(STAGE_OF))
def test_a_move_is_legal_exactly_where_the_table_says_so(stage: Stage, verb: Verb) -> None:
    standing = OPENED if stage is Stage.DELIVERED else Standing(1, 1, 1, reached={stage: 1})
    after = move(standing, verb, None)
    if verb in MOVES[stage]:
        assert isinstance(after, Standing)
        assert after.stage is STAGE_OF[verb]
    else:
        assert after is (Refusal.CLOSED if stage is Stage.CLOSED else Refusal.ALREADY)


def test_evidence_that_asks_for_no_answer_does_not_make_a_second_officer_the_owner() -> None:
    assert move(reached(acknowledged=1), Verb.ACKNOWLEDGE, 2) is Refusal.ALREADY


def test_dispatching_speaks_for_all_that_was_shown() -> None:
    after = move(reached(acknowledged=1), Verb.DISPATCH, 2)
    assert isinstance(after, Standing)
    assert after.stage_of(2) is Stage.DISPATCHED


@given(st.sets(st.integers(1, 12)))
def test_the_highest_revision_without_a_gap_has_everything_below_it(revs: set[int]) -> None:
    held = contiguous(0, sorted(revs))
    assert set(range(1, held + 1)) <= revs
    assert held + 1 not in revs


@given(st.permutations([1, 2, 3, 4]))
def test_in_whatever_order_presses_come_the_last_one_waits_for_an_answer(order: list[int]) -> None:
    standing: Standing | None = None
    for rev in order:
        standing = judge(standing, panic(rev), 0).standing
    assert standing is not None
    assert (standing.alarm, standing.unanswered) == (4, True)


def test_the_age_counts_from_the_posts_clock_when_it_is_trusted_and_says_longer_ago() -> None:
    held_back = panic(opened_at=iso(NOW - 600_000), age_s=2)
    assert opened_ms(held_back, NOW) == NOW - 600_000


def test_the_age_of_a_doubtful_clock_is_the_measured_one() -> None:
    assert opened_ms(panic(opened_at="1970-01-01T00:00:00Z", clock="doubtful", age_s=90), NOW) == NOW - 90_000


def test_nothing_begins_in_the_future_or_before_time() -> None:
    assert opened_ms(panic(opened_at="2099-01-01T00:00:00Z", age_s=0), NOW) == NOW
    assert opened_ms(panic(age_s=2**53), 5_000) == 0


def test_nothing_began_more_than_thirty_days_before_it_arrived() -> None:
    earliest = NOW - 30 * 86_400_000
    assert opened_ms(panic(age_s=2**53), NOW) == earliest
    assert opened_ms(panic(opened_at="1970-01-01T00:00:00Z", clock="trusted"), NOW) == earliest


@given(st.text(max_size=40))
def test_no_text_makes_the_reading_of_a_time_raise(text: str) -> None:
    assert instant_ms(text) is None or isinstance(instant_ms(text), int)
