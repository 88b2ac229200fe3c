"""Providers to try things with: payment, carriers, channels and e-mail behind one local HTTP service that misbehaves on request."""

from server.simulator.app import create_simulator

__all__ = ["create_simulator"]
