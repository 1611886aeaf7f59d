"""What it means when a connection is not made or does not last: a phase, and a word for the technician."""

import errno
import os
import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from dispatcher.mqtt.model import Phase

# The broker is there and will say the same again until a person changes something (MQTT 5, 2.4 "Reason Code").
_REFUSALS = frozenset({132, 133, 134, 135, 138, 140, 142, 144, 149, 152, 153, 154, 155, 157})
_CUT_IN_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


class LinkDown(Exception):
    """The connection is not, or no longer, there. ``phase`` is REFUSED or UNREACHABLE."""

    def __init__(self, phase: Phase, detail: str) -> None:
        super().__init__(detail)
        self.phase = phase
        self.detail = detail


def from_reason(reason: ReasonCode, *, when: str) -> LinkDown:
    """Read a CONNACK's or DISCONNECT's reason code; ``when`` says which, in a few words."""
    phase = Phase.REFUSED if reason.value in _REFUSALS else Phase.UNREACHABLE
    return LinkDown(phase, f"{when}: {reason}")


def from_quiet() -> LinkDown:
    """Say that the broker did not answer a PINGREQ, nor say anything else."""
    return LinkDown(Phase.UNREACHABLE, "connection lost: no sign of life within the keepalive")


def from_silence(*, accepted: bool) -> LinkDown:
    """Say that the connection ended and the broker did not announce it.

    Mosquitto 2.0 announces nothing when another program takes the session over: that looks like this too.
    """
    if not accepted:
        return LinkDown(Phase.UNREACHABLE, "closed before it accepted us: is it a broker, and of this version of MQTT?")
    return LinkDown(Phase.UNREACHABLE, "connection lost: closed without a word (or the client id is used twice)")


def from_error(problem: Exception, host: str, port: int) -> LinkDown:
    """Read an exception of connecting. Certificates and files need a person; everything else may heal."""
    where = f"{host}:{port}"
    if isinstance(problem, socket.gaierror):
        return LinkDown(Phase.UNREACHABLE, f"name not resolved: {host}")
    if isinstance(problem, ssl.SSLCertVerificationError):
        return LinkDown(Phase.REFUSED, f"certificate of {where} not trusted: {problem.verify_message}")
    if isinstance(problem, _CUT_IN_TLS):
        return LinkDown(Phase.UNREACHABLE, f"{where}: cut off while agreeing on TLS")
    if isinstance(problem, ssl.SSLError):
        return LinkDown(Phase.REFUSED, f"no TLS with {where}: {getattr(problem, 'reason', None) or problem}")
    if isinstance(problem, TimeoutError):
        return LinkDown(Phase.UNREACHABLE, f"no answer in time from {where}")
    if isinstance(problem, OSError):
        return LinkDown(_phase_of(problem), f"{where}: {_words(problem)}")
    return LinkDown(Phase.REFUSED, f"{where}: {type(problem).__name__}: {problem}")


def _phase_of(problem: OSError) -> Phase:
    """A file named in the configuration that is missing or not ours to read does not come back by waiting."""
    ours = problem.errno in {errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR}
    return Phase.REFUSED if ours else Phase.UNREACHABLE


def _words(problem: OSError) -> str:
    named = f" ({problem.filename})" if problem.filename else ""
    return (os.strerror(problem.errno) if problem.errno else str(problem)) + named
