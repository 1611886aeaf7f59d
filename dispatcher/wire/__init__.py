"""Post <-> precinct as bytes: alert, receipt, status, sync. Pure; every parser is total over hostile bytes."""
