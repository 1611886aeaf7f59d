"""``*.test.yaml``: timelines with a virtual clock, played over the same core that the daemons run."""
