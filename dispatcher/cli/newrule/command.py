"""``kentongan rule new``: ask, prove, show, write. Nothing is written before everything is known to be good."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.cli.newrule.answers import NotUnderstood, yes
from dispatcher.cli.newrule.model import Draft
from dispatcher.cli.newrule.prove import prove
from dispatcher.cli.newrule.questions import NEEDED, Asker, Unanswered, draft_of
from dispatcher.cli.newrule.rulefile import rule_text
from dispatcher.cli.newrule.testcases import timeline_text
from dispatcher.cli.say import complain, language, say, show
from dispatcher.cli.surroundings import SiteRead, Surroundings, around, find_site, read_site
from dispatcher.domain.faults import FaultsFound, Text
from dispatcher.domain.tree import Leaf
from dispatcher.domain.tree import Mapping as Tree
from dispatcher.domain.tree import Sequence as Items
from dispatcher.rules.parse import CHANNELS
from dispatcher.settings.salvage import Salvaged, salvage
from dispatcher.settings.sources import collect

GOOD, FOUND, USAGE, IO_ERROR, INTERRUPTED = 0, 1, 64, 74, 130
_SCHEMAS = Path("config") / "schemas"
_TIMEZONE = "Asia/Jakarta"

INTRO = Text(
    "Aturan baru. Jawab dengan nomor atau kata;\nEnter memilih yang di dalam [ ]. Ctrl-C: batal.",
    "A new rule. Answer with a number or a word;\nEnter takes what is in [ ]. Ctrl-C: give up.",
)
CANCELLED = Text("\nBatal. Tidak ada yang ditulis.", "\nGiven up. Nothing was written.")
NO_MORE = Text("\nJawabannya habis. Tidak ada yang ditulis.", "\nNo more answers. Nothing was written.")
WRITE = Text("Tulis {rule} dan ujinya?", "Write {rule} and its tests?")
WRITTEN = Text("{path} ditulis", "{path} written")
NEXT = Text(
    "Sudah lulus check dan {cases} uji. Berikutnya:\n  kentongan test {path}",
    "It passes check and {cases} tests. Next:\n  kentongan test {path}",
)
IN_USE = Text("{path} sudah ada; pilih nama lain", "{path} is there already; choose another name")
BAD_OPTION = Text("--{option}: {problem}", "--{option}: {problem}")
CANNOT_WRITE = Text("{path} tidak dapat ditulis: {error}", "{path} cannot be written: {error}")
NOT_PROVED = Text("ujinya sendiri gagal; tidak ada yang ditulis:", "its own tests fail; nothing was written:")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is around the new rule: its folder, the rules there, the site."""

    folder: Path
    files: tuple[Salvaged, ...]
    ids: frozenset[str]
    site: SiteRead | None
    near: Surroundings

    @property
    def timezone(self) -> str:
        """Return where the site is."""
        return self.site.zone.key if self.site is not None else _TIMEZONE


def new(folder: Path | None, site: Path | None, given: Mapping[str, str], *, ask: bool) -> int:
    """Write a rule and its tests into a folder. Raises FaultsFound for a faulty site."""
    beside = _beside(folder or (Path("rules") if Path("rules").is_dir() else Path()), site)
    try:
        return _new(beside, Asker(given, _read if ask else None))
    except KeyboardInterrupt:
        complain(CANCELLED)
        return INTERRUPTED
    except EOFError:
        complain(NO_MORE)
        return USAGE
    except Unanswered as error:
        complain(NEEDED, option=error.option)
        return USAGE
    except NotUnderstood as error:
        complain(error.text, **error.values)
        return USAGE


def _read(prompt: str) -> str:
    return input(prompt)


def _beside(folder: Path, given: Path | None) -> Beside:
    path = given or find_site(folder / "new.yaml")
    sources = collect([folder]).files if folder.is_dir() else ()
    files = tuple(salvage(source.data, source.name) for source in sources)
    site = None if path is None else read_site(path)
    if site is not None and site.faults:
        raise FaultsFound(site.faults)
    return Beside(folder, files, frozenset(_ids(files)), site, around(path))


def _ids(files: Sequence[Salvaged]) -> Iterator[str]:
    for file in files:
        rules = file.node.get("rules") if isinstance(file.node, Tree) else None
        for rule in rules.items if isinstance(rules, Items) else ():
            leaf = rule.get("id") if isinstance(rule, Tree) else None
            if isinstance(leaf, Leaf):
                yield str(leaf.value)


def _new(beside: Beside, asker: Asker) -> int:
    if asker.read is not None:
        say(INTRO)
    draft = _named(
        draft_of(asker, beside.site.site if beside.site else None, beside.near.channels or CHANNELS), beside, asker
    )
    if draft is None:
        return USAGE
    rule_path, test_path = _paths(beside.folder, draft)
    schema = _schemas(beside.folder)
    rule = rule_text(draft, language(), schema and f"{schema}/rules.schema.json")
    tests = timeline_text(draft, rule_path.name, beside.timezone, language(), schema and f"{schema}/test.schema.json")
    proof = prove(rule, tests, beside.files, beside.site or SiteRead(), beside.near, language())
    if proof.faults:
        show(proof.faults)
        return FOUND
    if proof.failures:
        complain(NOT_PROVED)
        print("\n".join(proof.failures))
        return FOUND
    if asker.read is not None and not _agreed(asker, rule, rule_path):
        complain(CANCELLED)
        return INTERRUPTED
    return _write({rule_path: rule, test_path: tests})


def _named(draft: Draft, beside: Beside, asker: Asker) -> Draft | None:
    """Return the draft with an id and file names that are free; one that was asked for by name is not changed."""
    if _is_free(draft, beside):
        return draft
    if "id" in asker.given:
        complain(IN_USE, path=_paths(beside.folder, draft)[0])
        return None
    tries = (replace(draft, id=f"{draft.id}-{number}") for number in itertools.count(2))
    return next(one for one in tries if _is_free(one, beside))


def _is_free(draft: Draft, beside: Beside) -> bool:
    return draft.id not in beside.ids and not any(path.exists() for path in _paths(beside.folder, draft))


def _paths(folder: Path, draft: Draft) -> tuple[Path, Path]:
    return folder / f"{draft.id}.yaml", folder / f"{draft.id}.test.yaml"


def _schemas(folder: Path) -> str | None:
    """Return the way from a folder to the schemas of editors, None where there are none."""
    here = folder.resolve()
    for up in (here, *here.parents):
        if (up / _SCHEMAS / "rules.schema.json").is_file():
            return os.path.relpath(up / _SCHEMAS, here)
    return None


def _agreed(asker: Asker, rule: str, path: Path) -> bool:
    print()
    print(rule, end="")
    return asker.ask("write", Text(*(text.format(rule=path) for text in (WRITE.id, WRITE.en))), yes, "ya")


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(files: Mapping[Path, str]) -> int:
    """Put files in their places, all or none, and never over one that is there."""
    placed: list[Path] = []
    try:
        for path, text in files.items():
            _place(path, text)
            placed.append(path)
    except BaseException as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            complain(IN_USE, path=error.filename2 or error.filename)
            return FOUND
        if isinstance(error, OSError):
            complain(CANNOT_WRITE, path=error.filename, error=error.strerror or error)
            return IO_ERROR
        raise
    for path in placed:
        say(WRITTEN, path=path)
    say(NEXT, path=placed[-1], cases=files[placed[-1]].count("\n- name: "))
    return GOOD


def _place(path: Path, text: str) -> None:
    """Write a file whole, then give it its name: the name is taken only if it is free. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(half, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            half.unlink()
