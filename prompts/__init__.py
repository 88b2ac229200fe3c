"""Prompts and policy pages: Markdown that `agents.prompts` and `agents.policy_pages` read."""
