"""A tree of field names with ops at its leaves; reading a document is walking both trees together.

Names with a gap (``Switch{input#}``) are bound when such a name is first met, so that later messages find it at once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dispatcher.devices.ops import Op, Sheet
from dispatcher.devices.patterns import Path, Template

Captures = Mapping[str, str]
Make = Callable[[Captures], Op | None]

_MAX_BOUND = 128  # names bound to one gap; further ones are bound anew each time


def constant(op: Op | None) -> Make:
    """Return a maker of one op for every field that a gap fits."""
    return lambda _: op


class Step:
    """One level of field names."""

    __slots__ = ("_bound", "_children", "_gaps", "_ops")

    def __init__(self) -> None:
        self._children: dict[str, Step] = {}
        self._ops: list[Op] = []
        self._gaps: list[tuple[Template, Path, Make, Captures]] = []
        self._bound: dict[str, Step | None] = {}

    def add(self, path: Path, make: Make, captures: Captures) -> None:
        """Put an op at the end of a path."""
        if not path:
            op = make(captures)
            if op is not None:
                self._ops.append(op)
            return
        first, rest = path[0], path[1:]
        if first.capture is not None:
            self._gaps.append((first, rest, make, captures))
        else:
            self._children.setdefault(first.text, Step()).add(rest, make, captures)

    def walk(self, document: Mapping[str, Any], sheet: Sheet) -> None:
        """Look at every field that somebody asked for."""
        for name, value in document.items():
            step = self._children.get(name)
            if step is None and self._gaps:
                step = self._through_gap(name)
            if step is None or value is None:
                continue
            for op in step._ops:
                op.see(value, document, sheet)
            if type(value) is dict and (step._children or step._gaps):
                step.walk(value, sheet)

    def _through_gap(self, name: str) -> "Step | None":
        # A name that stands in full hides the gaps that it would also fit.
        if name in self._bound:
            return self._bound[name]
        bound = self._bind(name)
        if len(self._bound) < _MAX_BOUND:
            self._bound[name] = bound
        return bound

    def _bind(self, name: str) -> "Step | None":
        step: Step | None = None
        for gap, rest, make, captures in self._gaps:
            inner = gap.match(name)
            if inner is not None and gap.capture is not None:
                step = step or Step()
                step.add(rest, make, {**captures, gap.capture: inner})
        return step
