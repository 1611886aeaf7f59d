"""``kentongan rule new``: a rule and its tests from a few questions."""
