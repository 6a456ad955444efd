"""The Select page: method, budget, rules, saved selections and export."""
