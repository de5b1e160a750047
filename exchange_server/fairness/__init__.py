"""Fairness: rates, shares, slices of the loop, the fair queue, its pace, and budgets."""
