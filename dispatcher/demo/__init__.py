"""Everything on one machine: brokers, a post, a precinct and virtual devices, to be tried in a minute."""
