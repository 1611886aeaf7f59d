"""What a test file writes down itself: rules become a file, and a short site is completed by what it mentions."""

from collections.abc import Iterable

from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Sequence


def as_file(rules: tuple[Node, ...]) -> Mapping:
    """Return rules as the file they would stand in."""
    place = rules[0].place
    return Mapping(place, (Entry("version", place, Leaf(place, 1)), Entry("rules", place, Sequence(place, rules))))


def completed(site: Node) -> Node:
    """Return a site whose posts and kelurahan are those that it mentions, where it lists none of them at all.

    No timeline depends on the precinct's name: a site that leaves it out has one that is called so.
    """
    if not isinstance(site, Mapping):
        return site
    if site.get("precinct") is None:
        line = Mapping(site.place, (Entry("id", site.place, Leaf(site.place, "precinct")),))
        site = Mapping(site.place, (*site.entries, Entry("precinct", site.place, line)))
    for section, lines, key in (("posts", "devices", "post"), ("kelurahan", "posts", "kelurahan")):
        if site.get(section) is None:
            site = _with(site, section, _mentioned(site.get(lines), key))
    return site


def _mentioned(lines: Node | None, key: str) -> Iterable[str]:
    listed = lines.items if isinstance(lines, Sequence) else ()
    leaves = (line.get(key) for line in listed if isinstance(line, Mapping))
    names = (leaf.value for leaf in leaves if isinstance(leaf, Leaf) and isinstance(leaf.value, str))
    return dict.fromkeys(names)


def _with(site: Mapping, section: str, names: Iterable[str]) -> Mapping:
    place = site.place
    lines = tuple(Mapping(place, (Entry("id", place, Leaf(place, name)),)) for name in names)
    return Mapping(place, (*site.entries, Entry(section, place, Sequence(place, lines)))) if lines else site
