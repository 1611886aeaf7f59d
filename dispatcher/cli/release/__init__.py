"""``plan``, ``apply``, ``rollback`` and ``versions``: other rules for a post, in words of 60 columns."""
