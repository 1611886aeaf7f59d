"""``kentongan doctor``: what is wrong with a post, since when, what that means for the guard, and what to do."""
