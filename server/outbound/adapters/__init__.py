"""How the ports are spoken to real providers: one file an interface."""
