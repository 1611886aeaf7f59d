"""Devices: messages of many conventions to readings, and commands to messages. Pure and total.

``Normaliser`` is the way in, ``enrich`` gives a reading its place in the site, ``DeviceStates`` is what is kept
between messages. Profiles are data; a device is added without Python.
"""

from dispatcher.devices.enrich import enrich
from dispatcher.devices.model import Profiles
from dispatcher.devices.normalise import Normaliser
from dispatcher.devices.results import Normalised, Outcome, UnknownDevice
from dispatcher.devices.state import Change, DeviceStates

__all__ = [
    "Change",
    "DeviceStates",
    "Normalised",
    "Normaliser",
    "Outcome",
    "Profiles",
    "UnknownDevice",
    "enrich",
]
