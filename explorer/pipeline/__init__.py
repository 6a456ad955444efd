"""The verbs: one module each, the only place where data moves from stage to stage."""
