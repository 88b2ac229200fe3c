"""Conversations of several turns, and who should take each of them."""
