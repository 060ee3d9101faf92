"""The version, as in package.json of the repository (a test compares them)."""

__version__ = "1.0.0a1"
