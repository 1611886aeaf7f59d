"""Devices: messages of many conventions to readings, and commands to messages. Pure and total.

``Normaliser`` is the way in, ``enrich`` gives a reading its place in the site, ``DeviceStates`` is what is kept
between messages, ``to_messages`` is the way out. Profiles are data; a device is added without Python.
"""

from dispatcher.devices.cases import CaseReport, run_cases
from dispatcher.devices.commands import OutMessage, Unsupported, to_messages
from dispatcher.devices.enrich import enrich
from dispatcher.devices.kentongan import PROFILE as BUILT_IN
from dispatcher.devices.model import Profiles
from dispatcher.devices.normalise import Normaliser
from dispatcher.devices.parse import parse_profiles
from dispatcher.devices.results import Normalised, Outcome, UnknownDevice
from dispatcher.devices.state import Change, DeviceStates

__all__ = [
    "BUILT_IN",
    "CaseReport",
    "Change",
    "DeviceStates",
    "Normalised",
    "Normaliser",
    "OutMessage",
    "Outcome",
    "Profiles",
    "UnknownDevice",
    "Unsupported",
    "enrich",
    "parse_profiles",
    "run_cases",
    "to_messages",
]
