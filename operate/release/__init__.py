"""Releases: what runs before one, what became of each, and the way back to an earlier one."""
