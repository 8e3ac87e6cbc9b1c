"""How well features repeat between raters, repetitions, visits and perturbations."""
