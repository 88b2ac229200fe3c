"""Answers with and without a planted error, beside the tool results they are given from."""
