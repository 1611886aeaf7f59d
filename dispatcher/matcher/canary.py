"""A made-up event whose answer is known: it shows that the engine still tells yes from no while nothing happens."""

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Not, Operator

EVERY_S = 60.0

_KIND = "\x00canary"  # neither kind nor clause ids can come from a device or a rule file
MUST = "\x00must"

EVENT = Event(
    id="\x00canary",
    kind=_KIND,
    device=None,
    role=None,
    post=None,
    zone="a",
    kelurahan=None,
    source="timer",
    trust="authenticated",
    arrived=Stamp(0, 0, False),
    attrs={"value": 7.5},
)

CLAUSES = {
    MUST: Clause(
        (_KIND,),
        AllOf(
            (
                Compare("value", Operator.ABOVE, (7,)),
                AnyOf((Compare("zone", Operator.IS, ("a",)), Compare("zone", Operator.IS, ("b",)))),
                Not(Compare("post", Operator.EXISTS, (True,))),
            )
        ),
    ),
    "\x00must-not": Clause((_KIND,), Not(Compare("value", Operator.BETWEEN, (7, 8)))),
}
EXPECTED = frozenset({MUST})
