"""Dose: what a structure received, as dose-volume metrics. Numbers in, numbers out."""
