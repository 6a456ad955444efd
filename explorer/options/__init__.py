"""Options of the verbs: one frozen class a verb. Command line, notebook, forms and recipes derive from their fields."""
