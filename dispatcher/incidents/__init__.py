"""What happens to a press: the floor, joining, revisions, receipts, the lamp. Pure: ``now`` is always an argument.

Each ``decide_...`` looks at the state and one input and returns a Decision; ``PostState.apply`` carries it out.
A state is therefore a fold over recorded inputs, and a replay of the journal gives it back.
"""
