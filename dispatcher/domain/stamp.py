"""When something was recorded, on the three clocks that matter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stamp:
    """One instant at the post.

    ``run_ms`` is the post's running time in milliseconds: monotonic over restarts, and standing still
    across a power cut whose length nobody can vouch for. Every duration is measured on it.
    ``wall_ms`` is Unix time in milliseconds and is only for people and for daily times.
    ``trusted`` says whether the wall clock was believed at that instant.
    """

    run_ms: int
    wall_ms: int
    trusted: bool
