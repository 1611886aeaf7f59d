"""What a rule file may say, as JSON Schema for editors: made from the parser's own lists, so the two cannot differ.

A schema sees one file and no site. It never refuses what the parser takes; names, circles, windows that are too long
and whatever else needs more than one place to be seen stay `check`'s.
"""

from dispatcher.rules.schema.file import RULES_TITLE, definitions, file, rule_file

__all__ = ["RULES_TITLE", "definitions", "file", "rule_file"]
