"""Scripted conversations over the demo shop: what people say in many ways, and what must be true afterwards."""
