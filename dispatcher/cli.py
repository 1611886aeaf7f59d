"""The command line: parse, call, print.

Exit codes: 0 good, 1 found faults, 64 usage, 74 I/O error, 75 try later, 78 bad configuration.
"""

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import click
import typer

from dispatcher import __version__
from dispatcher.domain.faults import Fault, FaultsFound

USAGE, BAD_CONFIG = 64, 78

app = typer.Typer(
    name="kentongan",
    help="Kentongan: tombol panik dan sensor pos pantau ke Polsek, dan jawabannya kembali ke lampu.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigFile = Annotated[Path, typer.Option("--config", help="Berkas konfigurasi / configuration file")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except FaultsFound as found:
        show(found.faults)
        return BAD_CONFIG
    except BrokenPipeError:
        return 0
    return result if isinstance(result, int) else 0


def language() -> str:
    """Return ``en`` when the environment asks for it, else ``id``."""
    wanted = os.environ.get("KENTONGAN_LANG") or os.environ.get("LANG") or ""
    return "en" if wanted.lower().startswith("en") else "id"


def show(faults: Iterable[Fault]) -> None:
    """Print faults, a line each, to stderr."""
    for fault in faults:
        print(fault.render(language()), file=sys.stderr)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Versi / version")] = False,
) -> None:
    """Kentongan."""
    if version:
        print(f"kentongan {__version__}")
        raise typer.Exit


@app.command()
def post(config: ConfigFile) -> int:
    """Jalankan sebuah pos / run a post."""
    from dispatcher.post.daemon import CannotStart, Post
    from dispatcher.settings.station import load_post
    from dispatcher.telemetry import log

    log.configure()
    daemon = Post(load_post(config))
    try:
        daemon.build()
        daemon.start()
    except CannotStart as error:
        print(f"kentongan post: {error.message}", file=sys.stderr)
        return error.code
    return daemon.run()


@app.command()
def precinct(config: ConfigFile) -> int:
    """Jalankan Polsek / run a precinct."""
    missing = _missing_extra("starlette", "uvicorn", "jinja2")
    if missing:
        return _say_missing("precinct", missing)
    from dispatcher.precinct.daemon import CannotStart, Precinct
    from dispatcher.settings.station import load_precinct
    from dispatcher.telemetry import log

    log.configure()
    try:
        return Precinct(load_precinct(config)).run()
    except CannotStart as error:
        print(f"kentongan precinct: {error.message}", file=sys.stderr)
        return error.code


@app.command()
def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Folder data / data folder")] = None,
    board_port: Annotated[int | None, typer.Option(help="Port papan Polsek / board (0: pilih sendiri)")] = None,
    page_port: Annotated[int | None, typer.Option(help="Port halaman pos / pos page (0: pilih sendiri)")] = None,
    broker_port: Annotated[int | None, typer.Option(help="Port broker pertama / first broker port")] = None,
    evening: Annotated[bool, typer.Option(help="Mainkan malam berskrip / play the scripted evening")] = True,
) -> int:
    """Semua di satu mesin: broker, pos, Polsek, alat virtual / everything on this machine."""
    missing = _missing_extra("starlette", "uvicorn", "jinja2", "iotcore")
    if missing:
        return _say_missing("demo", missing)
    from dispatcher.demo.run import Options, run

    chosen = {"board_port": board_port, "page_port": page_port, "broker_port": broker_port}
    given = {name: port for name, port in chosen.items() if port is not None}
    return run(Options(data_dir=data_dir, evening=evening, **given))


def _missing_extra(*modules: str) -> str | None:
    return next((name for name in modules if importlib.util.find_spec(name) is None), None)


def _say_missing(extra: str, module: str) -> int:
    print(
        f"kentongan {extra}: {module} belum terpasang / is not installed: pip install 'kentongan[{extra}]'",
        file=sys.stderr,
    )
    return BAD_CONFIG
