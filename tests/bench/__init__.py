"""Measurements: the post beside a bare loop that keeps nothing. Run by `make bench`; docs/en/performance.md explains.

Nothing here fails because a machine is slow; a bar that is missed is printed as missed, with its figures.
"""
