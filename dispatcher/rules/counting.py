"""How many rules are written in files, counted without understanding them: so that none can be lost unseen."""

from collections.abc import Iterable

from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence


def written(files: Iterable[Node]) -> list[Mapping]:
    """Return every entry below a file's ``rules`` that could be a rule, in order."""
    lists = (file.get("rules") for file in files if isinstance(file, Mapping))
    return [item for one in lists if isinstance(one, Sequence) for item in one.items if isinstance(item, Mapping)]


def is_on(rule: Mapping) -> bool:
    """Return whether an entry is not switched off."""
    enabled = rule.get("enabled")
    return not (isinstance(enabled, Leaf) and enabled.value is False)


def guessed(text: str) -> int:
    """Return how many rules seem to stand in a text that is no YAML: lines that begin with a dash and an id."""
    return sum(line.lstrip().removeprefix("-").lstrip().startswith("id:") for line in text.splitlines())
