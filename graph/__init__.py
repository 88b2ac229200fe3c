"""Control flow of a turn, and nothing else: who thinks, what runs, when a person is asked. Start at `graph.build`."""
