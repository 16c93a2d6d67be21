"""Procedural ink-and-colour pictures and their Chinese captions (numpy and Pillow only)."""
