"""Bundled contingency models: the null model and the readiness index."""
