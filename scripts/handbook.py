"""Write the pages of the handbook that are made from the code: the reference, and an example of every fault.

    python scripts/handbook.py

docs/id and docs/en get the same two pages. A test holds them to what this makes.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from fault_examples import EXAMPLES  # noqa: E402  # beside this file, wherever it is called from

from dispatcher.cli.app import main  # noqa: E402
from dispatcher.cli.timeline import glossary as tests  # noqa: E402
from dispatcher.devices import glossary as devices  # noqa: E402
from dispatcher.domain.catalogue import ATTRIBUTES, KINDS  # noqa: E402
from dispatcher.domain.faults import Language, Text  # noqa: E402
from dispatcher.rules import glossary as rules  # noqa: E402
from dispatcher.settings.glossary import DEVICE_SETTINGS, WORDS  # noqa: E402

LANGUAGES: tuple[Language, ...] = ("id", "en")
Words = Mapping[str, Text]

MADE = Text("Dibuat dari kode oleh `scripts/handbook.py`.", "Made from the code by `scripts/handbook.py`.")
KEY = Text("| kata | artinya |\n|---|---|", "| word | what it means |\n|---|---|")

RULE_TABLES: tuple[tuple[Text, Words], ...] = (
    (Text("Berkas aturan", "A rule file"), rules.FILE),
    (Text("Sebuah aturan", "A rule"), rules.RULE),
    (Text("`when`: tepat satu dari", "`when`: exactly one of"), rules.FORMS),
    (Text("Di samping bentuk itu", "Beside that form"), rules.BESIDE),
    (Text("Sebuah klausa", "A clause"), rules.CLAUSE),
    (Text("`after`", "`after`"), rules.AFTER),
    (Text("`expect_from`", "`expect_from`"), rules.ROSTERS),
    (Text("`schedule`", "`schedule`"), rules.SCHEDULE),
    (Text("Isian setiap kejadian", "Fields of every event"), rules.FIELDS),
    (Text("Pembanding di `where`", "Comparisons in `where`"), rules.OPERATORS),
    (Text("Gabungan di `where`", "Nesting in `where`"), rules.NESTING),
    (Text("`only_if`", "`only_if`"), rules.ONLY_IF),
    (Text("`then`", "`then`"), rules.THEN),
    (Text("`then.escalate`", "`then.escalate`"), rules.CHANNELS),
    (Text("`then.severity`", "`then.severity`"), rules.SEVERITIES),
    (Text("`then.certainty`", "`then.certainty`"), rules.CERTAINTIES),
    (Text("`throttle`", "`throttle`"), rules.THROTTLE),
    (Text("`runs_at`", "`runs_at`"), rules.PLACES),
    (Text("`mode`", "`mode`"), rules.MODES),
)
TEST_TABLES: tuple[tuple[Text, Words], ...] = (
    (Text("Berkas uji", "A test file"), tests.FILE),
    (Text("Sebuah uji", "A test"), tests.CASE),
    (Text("`given`", "`given`"), tests.GIVEN),
    (Text("Sebuah langkah", "A step"), tests.STEP),
    (Text("`watch`", "`watch`"), tests.WATCH),
    (Text("Sebaris `expect`", "A line of `expect`"), tests.EXPECT),
)
PROFILE_TABLES: tuple[tuple[Text, Words], ...] = (
    (Text("Sebuah profil", "A profile"), devices.PROFILE),
    (Text("`messages`", "`messages`"), devices.MESSAGE),
    (Text("`messages.parts`", "`messages.parts`"), devices.PART),
    (Text("`readings`", "`readings`"), devices.READINGS),
    (Text("`levels`", "`levels`"), devices.LEVEL),
    (Text("`words`", "`words`"), devices.WORDS),
    (Text("`battery`", "`battery`"), devices.BATTERY),
    (Text("`inputs`", "`inputs`"), devices.INPUT),
    (Text("`codes`", "`codes`"), devices.CODE),
    (Text("`unless`", "`unless`"), devices.UNLESS),
    (Text("`grammars`", "`grammars`"), devices.GRAMMAR),
    (Text("`commands`", "`commands`"), devices.COMMAND),
    (Text("`commands.send`", "`commands.send`"), devices.SEND),
)
MODELS = {
    "post.yaml": (
        "PostSettings", "Broker", "Tls", "PrecinctAddress", "Http", "JournalSettings", "Retry", "Clock", "Limits",
    ),
    "precinct.yaml": ("PrecinctSettings",),
    "site.yaml": ("SiteFile", "PrecinctLine", "KelurahanLine", "PostLine", "DeviceLine"),
}  # fmt: skip


def reference(language: Language) -> str:
    """Return the page of every word that a technician may write."""
    title = Text("# Daftar acuan", "# Reference")
    intro = Text(
        "*English: [reference](../en/reference.md).*\n\nSetiap kata di berkas yang ditulis teknisi, satu kalimat. "
        "Penjelasan dengan contoh:\n[teknisi](technician.md); editor menampilkan kalimat yang sama.",
        "*Bahasa Indonesia: [reference](../id/reference.md).*\n\nEvery word in the files that a technician writes, a "
        "sentence each. With examples:\n[technician](technician.md); an editor shows the same sentences.",
    )
    parts = [_in(language, title), _in(language, intro), _in(language, MADE)]
    parts += [_in(language, Text("## Aturan", "## Rules")), *_tables(language, RULE_TABLES)]
    parts += [_in(language, Text("## Jenis kejadian", "## Kinds of events")), _kinds(language)]
    parts += [_in(language, Text("### Isian kejadian", "### What events carry")), _attributes(language)]
    parts += [_in(language, Text("## Uji", "## Tests")), *_tables(language, TEST_TABLES)]
    for file, models in MODELS.items():
        parts += [f"## {file}", *(_table(language, _settings(models)))]
    parts += [
        _in(language, Text("### Menurut profilnya", "### As its profile asks")),
        *_table(language, DEVICE_SETTINGS),
    ]
    parts += [_in(language, Text("## Profil alat", "## Device profiles")), *_tables(language, PROFILE_TABLES)]
    return "\n\n".join(parts) + "\n"


def _in(language: Language, text: Text) -> str:
    return text.render(language, {})


def _tables(language: Language, tables: Iterable[tuple[Text, Words]]) -> Iterator[str]:
    for title, words in tables:
        yield f"### {_in(language, title)}"
        yield from _table(language, words)


def _table(language: Language, words: Words) -> Iterator[str]:
    rows = [f"| `{word}` | {_cell(_in(language, text))} |" for word, text in words.items()]
    yield "\n".join([_in(language, KEY), *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings(models: tuple[str, ...]) -> Words:
    """Return the keys of a file; those of a section stand behind its name."""
    found: dict[str, Text] = {}
    for model in models:
        head = "" if model.endswith(("Settings", "File")) and model != "JournalSettings" else f"{_section(model)}."
        found |= {head + key.partition(".")[2]: text for key, text in WORDS.items() if key.startswith(f"{model}.")}
    return found


def _section(model: str) -> str:
    names = {
        "PrecinctAddress": "precinct", "PrecinctLine": "precinct", "JournalSettings": "journal", "PostLine": "posts",
        "DeviceLine": "devices", "Tls": "broker.tls",
    }  # fmt: skip
    return names.get(model, model.removesuffix("Line").lower())


def _kinds(language: Language) -> str:
    head = Text("| jenis | artinya | membawa |\n|---|---|---|", "| kind | what it means | carries |\n|---|---|---|")
    rows = [
        f"| `{kind.name}` | {_in(language, kind.title)} | {', '.join(f'`{one}`' for one in kind.attributes)} |"
        for kind in KINDS.values()
    ]
    return "\n".join([_in(language, head), *rows])


def _attributes(language: Language) -> str:
    head = Text("| isian | artinya | satuan |\n|---|---|---|", "| field | what it means | unit |\n|---|---|---|")
    rows = [f"| `{one.name}` | {_in(language, one.title)} | {one.unit} |" for one in ATTRIBUTES.values()]
    return "\n".join([_in(language, head), *rows])


# --- an example of every fault ---------------------------------------------------------------------------------------


def examples(language: Language) -> str:
    """Return the page with a file for each code that raises it, and what `check` says."""
    title = Text("# Contoh setiap kesalahan", "# An example of every fault")
    intro = Text(
        "*English: [fault-examples](../en/fault-examples.md).*\n\nUntuk setiap [kode](faults.md) satu berkas kecil "
        "yang menimbulkannya, lalu kata `kentongan check` tentangnya.\nKode `lint-` adalah catatan: berkasnya sah, "
        "tetapi mungkin keliru; `check` tetap berakhir dengan 0.",
        "*Bahasa Indonesia: [fault-examples](../id/fault-examples.md).*\n\nFor each [code](faults.md) a small file "
        "that raises it, and what `kentongan check` says of it. A code\n`lint-` is a note: the file is legal, and most "
        "likely a mistake; `check` ends with 0 all the same.",
    )
    parts = [_in(language, title), _in(language, intro), _in(language, MADE)]
    for code, text in EXAMPLES.items():
        line = next(one for one in said(text, language) if f": {code}: " in one)
        parts.append(f"## `{code}`\n\n```yaml raises={code}\n{text}```\n\n```\n{line}\n```")
    return "\n\n".join(parts) + "\n"


def said(text: str, language: Language) -> list[str]:
    """Return what `check` says of a file, a line each, beside the shipped site."""
    told = io.StringIO()
    before, words = Path.cwd(), os.environ.get("KENTONGAN_LANG")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["KENTONGAN_LANG"] = language
        try:
            Path("contoh.yaml").write_text(text, encoding="utf-8")
            with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
                main(["check", "--site", str(ROOT / "config" / "site.yaml"), "contoh.yaml"])
        finally:
            os.chdir(before)
            os.environ.pop("KENTONGAN_LANG")
            if words is not None:
                os.environ["KENTONGAN_LANG"] = words
    return told.getvalue().splitlines()


PAGES = {"reference": reference, "fault-examples": examples}


def write() -> None:
    for language in LANGUAGES:
        for name, page in PAGES.items():
            (ROOT / "docs" / language / f"{name}.md").write_text(page(language), encoding="utf-8")


if __name__ == "__main__":
    write()
