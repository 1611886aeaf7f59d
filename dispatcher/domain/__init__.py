"""The types that every stage speaks. Imports nothing of ours and touches nothing outside memory."""
