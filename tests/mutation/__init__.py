"""Mutation testing of the rules and of the executor: small faults are planted, and the tests have to notice each of them."""
