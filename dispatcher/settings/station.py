"""post.yaml and precinct.yaml."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from dispatcher.settings.units import DurationMs, Id, Listen, SizeBytes, Whole
from dispatcher.settings.validate import Strict, validate
from dispatcher.settings.yamlfile import read_file

GIB = 2**30
MIB = 2**20
DAY_MS = 86_400_000


class Tls(Strict):
    """TLS towards a broker; ``cert`` and ``key`` where the broker asks for them. Paths are relative to the file."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class Broker(Strict):
    """How to reach a broker. The password stands in a file of its own, never here."""

    host: str = Field(min_length=1, max_length=253)
    port: Whole = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password_file: Path | None = None
    tls: Tls | None = None
    protocol: Literal["5", "3.1.1"] = "5"

    def endpoint(self) -> dict[str, Any]:
        """Return what a connection needs, as plain values; the password is read from its file. Raises OSError."""
        tls = self.tls
        return {
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "password": _secret(self.password_file),
            "tls": tls and {name: str(path) for name, path in tls if path is not None},
            "protocol": self.protocol,
        }


def _secret(path: Path | None) -> str | None:
    return None if path is None else path.read_text(encoding="utf-8").strip("\r\n")


class PrecinctAddress(Strict):
    """The precinct as a post knows it."""

    id: Id
    broker: Broker


class Http(Strict):
    """Where the daemon answers HTTP."""

    listen: Listen


class JournalSettings(Strict):
    """Sizes and retention of the journal."""

    segment_bytes: SizeBytes = Field(default=8 * MIB, ge=65_536, le=GIB)
    retain: DurationMs = 30 * DAY_MS
    max_bytes: SizeBytes = 2 * GIB


class Retry(Strict):
    """Back-off towards the precinct, in milliseconds."""

    min: DurationMs = Field(default=500, ge=10)
    max: DurationMs = Field(default=30_000, ge=10)

    @model_validator(mode="after")
    def _ordered(self) -> "Retry":
        if self.min > self.max:
            raise ValueError("min lebih besar dari max / min is larger than max")
        return self


class Clock(Strict):
    """When the wall clock is believed."""

    trust: Literal["kernel", "always"] = "kernel"


class Limits(Strict):
    """Free space below which sensors are shed."""

    disk_low: SizeBytes = 64 * MIB


class PostSettings(Strict):
    """post.yaml."""

    post: Id
    data_dir: Path
    site: Path
    rules: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    broker: Broker
    precinct: PrecinctAddress
    http: Http = Http.model_validate({"listen": "127.0.0.1:9310"})
    journal: JournalSettings = JournalSettings()
    retry: Retry = Retry()
    clock: Clock = Clock()
    limits: Limits = Limits()
    matcher: Literal["durable_rules", "python"] = "durable_rules"
    channels: dict[Id, dict[str, Any]] = Field(default_factory=dict)


class PrecinctSettings(Strict):
    """precinct.yaml. ``devices`` and ``ladder`` are kept for later."""

    precinct: Id
    data_dir: Path
    broker: Broker
    http: Http = Http.model_validate({"listen": "127.0.0.1:9300"})
    site: Path
    rules: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    matcher: Literal["durable_rules", "python"] = "durable_rules"
    channels: dict[Id, dict[str, Any]] = Field(default_factory=dict)
    ladder: list[dict[str, Any]] = Field(default_factory=list)


def load_post(path: Path) -> PostSettings:
    """Read post.yaml, its paths made absolute. Raises FaultsFound."""
    settings = validate(read_file(path), PostSettings)
    base = path.resolve().parent
    return settings.model_copy(
        update={
            **_paths(settings, base),
            "broker": _broker(settings.broker, base),
            "precinct": settings.precinct.model_copy(update={"broker": _broker(settings.precinct.broker, base)}),
        }
    )


def load_precinct(path: Path) -> PrecinctSettings:
    """Read precinct.yaml, its paths made absolute. Raises FaultsFound."""
    settings = validate(read_file(path), PrecinctSettings)
    base = path.resolve().parent
    return settings.model_copy(update={**_paths(settings, base), "broker": _broker(settings.broker, base)})


def _paths(settings: PostSettings | PrecinctSettings, base: Path) -> dict[str, Any]:
    return {
        "data_dir": base / settings.data_dir,
        "site": base / settings.site,
        "rules": tuple(base / path for path in settings.rules),
        "devices": tuple(base / path for path in settings.devices),
    }


def _broker(broker: Broker, base: Path) -> Broker:
    tls = broker.tls and broker.tls.model_copy(
        update={name: base / path for name, path in broker.tls if path is not None}
    )
    password = broker.password_file and base / broker.password_file
    return broker.model_copy(update={"tls": tls, "password_file": password})
