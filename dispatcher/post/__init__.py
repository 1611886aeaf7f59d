"""The post's daemon: everything below it, wired together. ``pipeline.py`` is the one visible list."""
