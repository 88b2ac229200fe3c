"""The module's name."""

from tools.spec import Module

module = Module("quality")
