"""Selection methods: equal to naive references, nested, exact in their budgets."""
