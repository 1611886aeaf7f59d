"""The commands. Each imports what it needs when it runs: a post must not load the precinct's web stack."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatcher import __version__
from dispatcher.cli.say import be_lenient, complain, fall_silent, show
from dispatcher.domain.faults import FaultsFound, Text

GOOD, FOUND, USAGE, IO_ERROR, BAD_CONFIG, INTERRUPTED = 0, 1, 64, 74, 78, 130

app = typer.Typer(
    name="kentongan",
    help="Kentongan: tombol panik dan sensor pos pantau ke Polsek, dan jawabannya kembali ke lampu.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
journal = typer.Typer(help="Periksa dan baca jurnal pos / check and read a post's journal.", no_args_is_help=True)
app.add_typer(journal, name="journal")
rule = typer.Typer(help="Tulis aturan / write rules.", no_args_is_help=True)
app.add_typer(rule, name="rule")

ConfigFile = Annotated[Path, typer.Option("--config", help="Berkas konfigurasi / configuration file")]
DataDir = Annotated[Path, typer.Option("--data", help="data_dir sebuah pos, atau salinannya / of a post, or a copy")]
Past = Annotated[
    Path | None, typer.Option("--data", help="data_dir, salinannya, atau ekspor / data_dir, a copy, or an export")
]
PostConfig = Annotated[Path | None, typer.Option("--config", help="post.yaml yang menyebut data_dir / that names it")]
PostName = Annotated[str | None, typer.Option("--post", help="Pos mana / which post")]
SiteThen = Annotated[Path | None, typer.Option("--site", help="site.yaml, bila tak tersimpan / if it is not kept")]
AsJson = Annotated[bool, typer.Option("--json", help="Untuk program / for programs")]
Paths = Annotated[list[Path] | None, typer.Argument(help="Berkas atau folder / files or folders")]

CANNOT_START = Text("kentongan {command}: {message}", "kentongan {command}: {message}")
NOT_INSTALLED = Text(
    "kentongan {extra}: {module} belum terpasang: pip install 'kentongan[{extra}]'",
    "kentongan {extra}: {module} is not installed: pip install 'kentongan[{extra}]'",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    be_lenient()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        fall_silent()
        return GOOD
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = app(None if arguments is None else list(arguments), prog_name="kentongan", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except FaultsFound as found:
        show(found.faults)
        return BAD_CONFIG
    except Exception as error:
        if not _is_usage(error):
            raise
        error.show()  # type: ignore[attr-defined]  # click's, wherever this version of typer keeps it
        return USAGE
    return result if isinstance(result, int) else GOOD


def _is_usage(error: Exception) -> bool:
    # Some releases of typer use click, some carry their own copy: known by its shape, it is both.
    return hasattr(error, "show") and hasattr(error, "format_message")


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Versi / version")] = False,
) -> None:
    """Kentongan."""
    if version:
        print(f"kentongan {__version__}")
        raise typer.Exit


# --- daemons ---------------------------------------------------------------------------------------------------------


@app.command()
def post(config: ConfigFile) -> int:
    """Jalankan sebuah pos / run a post."""
    from dispatcher.post.daemon import Post
    from dispatcher.post.exits import CannotStart
    from dispatcher.settings.station import load_post
    from dispatcher.telemetry import log

    settings = load_post(config)
    log.configure()
    try:
        daemon = Post(settings)
        daemon.build()
        daemon.start()
        return daemon.run()
    except CannotStart as error:
        complain(CANNOT_START, command="post", message=error.message)
        return error.code
    finally:
        log.close()


@app.command()
def precinct(config: ConfigFile) -> int:
    """Jalankan Polsek / run a precinct."""
    _require("precinct", "starlette", "uvicorn", "jinja2")
    from dispatcher.precinct.daemon import CannotStart, Precinct
    from dispatcher.settings.station import load_precinct
    from dispatcher.telemetry import log

    settings = load_precinct(config)
    log.configure()
    try:
        return Precinct(settings).run()
    except CannotStart as error:
        complain(CANNOT_START, command="precinct", message=error.message)
        return error.code
    finally:
        log.close()


@app.command()
def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Folder data / data folder")] = None,
    board_port: Annotated[int | None, typer.Option(help="Port papan Polsek / board (0: pilih sendiri)")] = None,
    page_port: Annotated[int | None, typer.Option(help="Port halaman pos / pos page (0: pilih sendiri)")] = None,
    broker_port: Annotated[int | None, typer.Option(help="Port broker pertama / first broker port")] = None,
    evening: Annotated[bool, typer.Option(help="Mainkan malam berskrip / play the scripted evening")] = True,
) -> int:
    """Semua di satu mesin: broker, pos, Polsek, alat virtual / everything on this machine."""
    _require("demo", "starlette", "uvicorn", "jinja2", "iotcore")
    from dispatcher.demo.run import Options, run

    chosen = {"board_port": board_port, "page_port": page_port, "broker_port": broker_port}
    given: dict[str, Any] = {name: port for name, port in chosen.items() if port is not None}
    return run(Options(data_dir=data_dir, evening=evening, **given))


def _require(extra: str, *modules: str) -> None:
    missing = next((name for name in modules if importlib.util.find_spec(name) is None), None)
    if missing is not None:
        complain(NOT_INSTALLED, extra=extra, module=missing)
        raise typer.Exit(BAD_CONFIG)


PostFile = Annotated[
    Path | None,
    typer.Option("--config", help="post.yaml; bila tidak disebut / if left out: ., config/, /etc/kentongan/config"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Tanpa bertanya / do not ask")]
Days = Annotated[int, typer.Option("--days", min=0, help="Hari yang diputar ulang / days to replay (0: -)")]


# --- for the technician ----------------------------------------------------------------------------------------------


@app.command()
def status(
    config: PostFile = None,
    watch: Annotated[bool, typer.Option("--watch", help="Terus diperbarui / keep it up to date")] = False,
    as_json: AsJson = False,
) -> int:
    """Keadaan pos yang berjalan / how the running post stands: 0, atau/or 2 bila tidak menjawab / if it is silent."""
    from dispatcher.cli.status.command import status as run

    return run(config, watch=watch, as_json=as_json)


@app.command()
def doctor(config: PostFile = None, as_json: AsJson = False) -> int:
    """Apa yang salah pada pos, dan apa yang harus dilakukan / what is wrong with a post, and what to do."""
    from dispatcher.cli.doctor.command import doctor as run

    return run(config, as_json=as_json)


@app.command()
def check(
    paths: Paths = None,
    site: Annotated[Path | None, typer.Option("--site", help="site.yaml untuk aturan ini / for these rules")] = None,
) -> int:
    """Periksa aturan, profil, dan konfigurasi / check rules, profiles and configuration."""
    from dispatcher.cli.check import check as run

    return run(paths or [], site)


@app.command()
def schema(
    sort: Annotated[
        str | None, typer.Argument(help="rules, test, site, post, precinct, devices", show_default=False)
    ] = None,
    site: Annotated[
        Path | None, typer.Option("--site", help="Dengan nama dari site.yaml ini / with the names of this site")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Tulis semua ke sini / write all of them here")] = None,
) -> int:
    """Cetak JSON Schema sebuah berkas untuk editor / print a file's JSON Schema for editors."""
    from dispatcher.cli.schema import schema as run

    return run(sort, site, write)


@rule.command("new")
def new_rule(  # noqa: PLR0917  # typer calls it by name
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder aturan / of rules (rules)")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="site.yaml")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Apa yang terjadi / what happens: smoke")] = None,
    how: Annotated[str | None, typer.Option("--how", help="each, count, then, silent")] = None,
    times: Annotated[str | None, typer.Option("--times", help="Berapa kali / how many times (count)")] = None,
    within: Annotated[str | None, typer.Option("--within", help="Dalam / within: 60s; silent: selama / for")] = None,
    then: Annotated[str | None, typer.Option("--then", help="Lalu apa / and then what (then)")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="posts, atau peran / or a role (silent)")] = None,
    above: Annotated[str | None, typer.Option("--above", help="Ukuran di atas / reading above")] = None,
    below: Annotated[str | None, typer.Option("--below", help="Ukuran di bawah / reading below")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Zona / zone; *: di mana saja / anywhere")] = None,
    per: Annotated[str | None, typer.Option("--per", help="device, zone, post, kelurahan")] = None,
    hours: Annotated[str | None, typer.Option("--hours", help="malam, selalu, 22:00-05:00")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="info, low, medium, high, critical")] = None,
    escalate: Annotated[str | None, typer.Option("--escalate", help="precinct,fire,...")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Nama / name")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id; juga nama berkas / also the file's name")] = None,
    incident: Annotated[str | None, typer.Option("--incident", help="Jenis peristiwa / kind of incident")] = None,
    message: Annotated[str | None, typer.Option("--message", help="Kalimat di papan / line on the board")] = None,
    once_within: Annotated[str | None, typer.Option("--once-within", help="Ulangan / repeats: 10m; 0")] = None,
    siren: Annotated[bool, typer.Option("--siren", help="Bunyikan sirene pos / sound the post's sirens")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya / do not ask: bawaan / defaults")] = False,
) -> int:
    """Tulis aturan baru beserta ujinya, dari beberapa pertanyaan / write a rule and its tests from a few questions."""
    from dispatcher.cli.newrule.command import new

    options = {
        "event": event, "how": how, "times": times, "within": within, "then": then, "from": from_, "above": above,
        "below": below, "zone": zone, "per": per, "hours": hours, "severity": severity, "escalate": escalate,
        "name": name, "id": id_, "incident": incident, "message": message, "once-within": once_within,
        "siren": "ya" if siren else None,
    }  # fmt: skip
    given = {option: value for option, value in options.items() if value is not None}
    return new(folder, site, given, ask=not yes)


@app.command("test")
def play(
    paths: Paths = None,
    devices: Annotated[Path | None, typer.Option("--devices", help="Folder profil / folder of profiles")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="site.yaml untuk uji ini / for these tests")] = None,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Ubah aturan sedikit demi sedikit / change rules a little, and see")
    ] = False,
    cov: Annotated[bool, typer.Option("--cov", help="Klausa yang tak teruji / clauses that no test tried")] = False,
) -> int:
    """Mainkan berkas uji (*.test.yaml, *.cases.jsonl) / play test files."""
    from dispatcher.cli.cases import play as run

    return run(paths or [], devices, site, coverage=cov, mutate=mutate)


@app.command()
def replay(
    data: Annotated[Path, typer.Argument(help="data_dir, salinannya, atau ekspor / data_dir, a copy, or an export")],
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Aturan yang dicoba / the rules to try: file or folder")
    ] = None,
    rules: Annotated[
        list[Path] | None, typer.Option("--rules", help="Banding dengan aturan ini / compare with these, not with then")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Sejak / since: 7d, 01:10, 2026-11-25")] = None,
    post: PostName = None,
    site: SiteThen = None,
    as_json: AsJson = False,
) -> int:
    """Putar ulang riwayat pos dengan aturan lain / give a post's past to other rules: more, less, changed alerts."""
    from dispatcher.cli.pasts import telling
    from dispatcher.cli.replay import Wanted, run

    wanted = Wanted(data, tuple(against or ()), tuple(rules or ()), since, post, site, as_json)
    return telling(lambda: run(wanted))


@app.command()
def plan(config: PostFile = None, days: Days = 7) -> int:
    """Apa akibatnya bila aturan di berkas dipakai / what applying the rule files would mean."""
    from dispatcher.cli.release.plan import plan as run

    return run(config, days)


@app.command("why-not")
def why_not(
    rule: Annotated[str, typer.Argument(help="Id aturan / rule id")],
    at: Annotated[str, typer.Option("--at", help='Kapan / when: 01:10, "2026-11-25 01:10", 3h')],
    data: Past = None,
    config: PostConfig = None,
    post: PostName = None,
    site: SiteThen = None,
    as_json: AsJson = False,
) -> int:
    """Mengapa aturan ini tidak memberi tahu / why a rule did not alert: what came nearest, what was missing."""
    from dispatcher.cli.pasts import telling
    from dispatcher.cli.whynot import Asked, run

    return telling(lambda: run(Asked(rule, at, data, config, post, site, as_json)))


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="Id kejadian (atau awalnya), atau id aturan / incident or rule id")],
    data: Past = None,
    config: PostConfig = None,
    post: PostName = None,
    site: SiteThen = None,
    as_json: AsJson = False,
) -> int:
    """Mengapa ini diberitahukan / why this was alerted: events, values, states, timers, rule text, clock."""
    from dispatcher.cli.explain import Asked, run
    from dispatcher.cli.pasts import telling

    return telling(lambda: run(Asked(what, data, config, post, site, as_json)))


@app.command()
def apply(
    config: PostFile = None,
    days: Days = 7,
    yes: Yes = False,
    despite_tests: Annotated[
        bool, typer.Option("--despite-tests", help="Walau uji gagal / although tests fail")
    ] = False,
) -> int:
    """Pakai aturan di berkas: rencana, tanya, ganti / apply the rule files: plan, question, swap."""
    from dispatcher.cli.release.apply import apply as run

    return run(config, days, yes=yes, despite_tests=despite_tests)


@app.command()
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="Awal hash; kosong: yang sebelum ini / empty: the one before")
    ] = None,
    config: PostFile = None,
    days: Annotated[int, typer.Option("--days", min=0, help="Hari yang diputar ulang / days to replay")] = 0,
    yes: Yes = False,
) -> int:
    """Kembali ke aturan yang dulu berjalan / go back to rules that ran before."""
    from dispatcher.cli.release.rollback import rollback as run

    return run(config, version, days, yes=yes)


@app.command()
def versions(
    config: PostFile = None,
    everything: Annotated[bool, typer.Option("--all", help="Juga yang lama / the old ones, too")] = False,
) -> int:
    """Aturan yang pernah berjalan, sejak kapan, oleh siapa / which rules ran, since when, by whom."""
    from dispatcher.cli.release.versions import versions as run

    return run(config, everything=everything)


@journal.command()
def fsck(
    data: DataDir,
    check_only: Annotated[bool, typer.Option("--check", help="Jangan perbaiki / do not repair")] = False,
) -> int:
    """Periksa dan perbaiki: 0 bersih, 1 diperbaiki, 2 ada yang hilang / 0 clean, 1 repaired, 2 something is lost."""
    from dispatcher.cli.journal import fsck as run

    return run(data, check_only=check_only)


@journal.command()
def export(data: DataDir) -> int:
    """Tulis setiap catatan sebagai satu baris JSON / print every record as a line of JSON."""
    from dispatcher.cli.journal import export as run

    return run(data)


@journal.command()
def verify(data: DataDir) -> int:
    """Periksa tanpa mengubah apa pun / check and change nothing: 0 bersih, 2 ada yang hilang."""
    from dispatcher.cli.journal import fsck as run

    return run(data, check_only=True)
