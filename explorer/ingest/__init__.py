"""What goes in: source files to rows (`readers`), rows to samples (`formats`), and what will be done (`plan`).

Nothing is imported here, so that naming the package costs nothing; the entry points are
`explorer.ingest.plan.plan` (look at a source and say how it will be read) and `explorer.ingest.detect.detect`.
"""
