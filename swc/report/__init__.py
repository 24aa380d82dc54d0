"""What a plan means to a person: figures, explanations, comparisons and drawings. Imports no torch."""
