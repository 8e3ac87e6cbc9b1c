"""Walls around a process that the kernel keeps: what is asked for here cannot be taken back."""
