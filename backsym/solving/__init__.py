"""A problem solved: its derivatives with their proof, its claims checked, its variants."""
