"""The public retail support domain, replayed on the product's own tools: load, call, export, compare."""
