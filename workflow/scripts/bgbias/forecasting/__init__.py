"""What a study will cost, from a short measurement."""
