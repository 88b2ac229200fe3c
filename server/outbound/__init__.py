"""What leaves the process: ports for providers, adapters that speak to them, and the dispatcher that carries messages out."""
