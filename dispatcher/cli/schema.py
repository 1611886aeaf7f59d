"""``kentongan schema``: what every file that a technician writes may say, as JSON Schema, for editors."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from dispatcher.cli.say import complain, say
from dispatcher.cli.surroundings import around
from dispatcher.cli.timeline.schema import tests_file
from dispatcher.devices.schema import profile_file
from dispatcher.domain.faults import Text
from dispatcher.domain.schema import Schema
from dispatcher.rules.names import names_of
from dispatcher.rules.schema import rule_file
from dispatcher.settings.schema import post_file, precinct_file, site_file
from dispatcher.settings.sitefile import load_site
from dispatcher.settings.sources import replace_file

GOOD, USAGE, IO_ERROR = 0, 64, 74

SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "rules": rule_file,
    "test": tests_file,
    "site": site_file,
    "post": post_file,
    "precinct": precinct_file,
    "devices": profile_file,
}
FILES = {
    "rules": "rules/*.yaml",
    "test": "*.test.yaml",
    "site": "site.yaml",
    "post": "post.yaml",
    "precinct": "precinct.yaml",
    "devices": "devices/*.yaml",
}

USE = Text(
    "Tulis satu nama untuk mencetak skemanya,\natau --write FOLDER untuk menulis semuanya:",
    "Give one name to print its schema,\nor --write FOLDER to write them all:",
)
UNKNOWN = Text("tidak ada skema {sort}; pilihannya: {sorts}", "there is no schema {sort}; one of: {sorts}")
RULES_ONLY = Text("--site hanya untuk: kentongan schema rules", "--site is for `kentongan schema rules` only")
ONE_OR_ALL = Text("tulis satu nama, atau --write, tidak keduanya", "give one name, or --write, not both")
WRITTEN = Text("{path} ditulis", "{path} written")
CANNOT_WRITE = Text("{path} tidak dapat ditulis: {error}", "{path} cannot be written: {error}")


def schema(sort: str | None, site: Path | None, folder: Path | None) -> int:
    """Print one schema, write all of them into a folder, or list them. Raises FaultsFound for a faulty site."""
    if sort is not None and sort not in SCHEMAS:
        return _misused(UNKNOWN, sort=sort, sorts=", ".join(SCHEMAS))
    if site is not None and sort != "rules":
        return _misused(RULES_ONLY)
    if sort is not None and folder is not None:
        return _misused(ONE_OR_ALL)
    if folder is not None:
        return _write_all(folder)
    if sort is None:
        return _list()
    print(text_of(SCHEMAS[sort]() if site is None else rules_of(site)), end="")
    return GOOD


def file_name(sort: str) -> str:
    """Return what the schema of a sort of files is called in ``config/schemas``."""
    return f"{sort}.schema.json"


def text_of(schema: Schema) -> str:
    """Return a schema as its file has it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def rules_of(site: Path) -> Schema:
    """Return the schema of a site's rules: its devices, posts, zones and channels are known."""
    return rule_file(names_of(load_site(site)), around(site).channels)


def _misused(text: Text, **values: object) -> int:
    complain(text, **values)
    return USAGE


def _list() -> int:
    say(USE)
    for sort, files in FILES.items():
        print(f"  {sort:<9} {files}")
    return GOOD


def _write_all(folder: Path) -> int:
    for sort, made in SCHEMAS.items():
        path = folder / file_name(sort)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, text_of(made()).encode())
        except OSError as error:
            complain(CANNOT_WRITE, path=path, error=error.strerror or error)
            return IO_ERROR
        say(WRITTEN, path=path)
    return GOOD
