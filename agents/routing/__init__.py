"""Which place a message belongs to, learned from examples: words and letters, and sentence vectors where a model for them is present."""
