"""What kinds of value there are, and when two of them may be compared (rules-language, "where")."""

from enum import IntEnum
from math import isnan


class Sort(IntEnum):
    """The sort of a field's value in one event. The numbers go to the engine as they are: keep ``MISSING`` lowest."""

    MISSING = 0
    NUMBER = 1
    STRING = 2
    BOOLEAN = 3
    OTHER = 4  # present, and equal to nothing: nan, and what is no scalar at all


def sort_of(value: object) -> Sort:
    """Return the sort of a value. A boolean is no number, and null is missing."""
    if value is None:
        return Sort.MISSING
    if isinstance(value, bool):
        return Sort.BOOLEAN
    if isinstance(value, str):
        return Sort.STRING
    if isinstance(value, int) or (isinstance(value, float) and not isnan(value)):
        return Sort.NUMBER
    return Sort.OTHER


def equal(left: object, right: object) -> bool:
    """Return whether two values are the same: "5" is not 5, true is not 1, 3 is 3.0, and nan is nothing."""
    sort = sort_of(left)
    return sort is sort_of(right) and sort not in (Sort.MISSING, Sort.OTHER) and left == right
