"""The precinct: intake, store, the duty officer's board, and the receipts that reach the lamp.

``Station`` is the work, ``dispatcher.precinct.web.create_app`` the pages and the API over it.
"""

from dispatcher.precinct.clock import Clock
from dispatcher.precinct.database import ForeignFile, StoreError
from dispatcher.precinct.mail import topic_filters
from dispatcher.precinct.outgoing import Link
from dispatcher.precinct.station import Station

__all__ = ["Clock", "ForeignFile", "Link", "Station", "StoreError", "topic_filters"]
