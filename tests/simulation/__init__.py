"""Seeded nights: the real pipeline and the real precinct between a simulated clock, card, radio, brokers and people.

One seed is one night. Nothing in it depends on the machine, so a seed that fails fails again, and its story can be
shortened to what is needed. What must hold is in ``ledger.py``; what may happen is in ``faults.py``.
"""
