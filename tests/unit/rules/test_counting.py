"""Rules are counted without being understood, so that none can be lost unseen."""

from dispatcher.domain.tree import plain
from dispatcher.rules.counting import guessed, is_on, written
from dispatcher.settings.yamlfile import read_text

THREE = """\
version: 1
rules:
- id: a
- {id: b, enabled: false}
- enabled: true
- only a word
"""


def test_every_entry_that_could_be_a_rule_is_counted_in_order() -> None:
    rules = written([read_text(THREE, "a.yaml"), read_text("rules: none\n", "b.yaml"), read_text("- 1\n", "c.yaml")])
    assert [plain(one) for one in rules] == [{"id": "a"}, {"id": "b", "enabled": False}, {"enabled": True}]
    assert [is_on(one) for one in rules] == [True, False, True]


def test_in_a_text_that_is_no_yaml_what_looks_like_a_rule_is_counted() -> None:
    assert guessed("rules:\n- id: a\n  when: [\n-   id: b\n  - id: c\n# grid: 3\nid: d\n") == 4
