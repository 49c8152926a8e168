"""Evaluate an improvement programme."""
