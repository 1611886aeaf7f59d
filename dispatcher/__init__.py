"""Kentongan: a rules-engine alert dispatcher for guard posts and the precinct that answers them.

This module stays empty of imports, so that naming the package costs a post no memory and no time.
"""

__version__ = "0.1.0"
