"""Which clauses does this event satisfy? durable_rules in a process of its own, checked by its Python twin."""
