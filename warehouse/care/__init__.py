"""Care of a warehouse: what keeps it whole, what brings it back, and who is to be forgotten."""
