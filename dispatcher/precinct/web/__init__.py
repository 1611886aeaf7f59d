"""The duty officer's board and the API, over HTTP on loopback."""
