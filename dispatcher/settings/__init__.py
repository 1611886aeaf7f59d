"""Configuration, site and rule files from disk into frozen values, with every fault named by file, line and column."""
