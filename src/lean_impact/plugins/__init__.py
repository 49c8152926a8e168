"""Bundled plugins; each uses only what any other plugin may use."""
