"""Forecasting the cost of a study from a short measurement."""
