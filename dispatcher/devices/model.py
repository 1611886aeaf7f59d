"""Device profiles as frozen values, after parsing."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles that a post may use, by name."""

    by_name: Mapping[str, object] = field(default_factory=dict)
