"""Care of a warehouse: what keeps it whole, and what brings it back."""
