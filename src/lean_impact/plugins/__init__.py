"""Bundled plugins, written with what any other plugin may import and nothing else."""
