"""What goes out: chosen rows in pick order (`picks`) to files (`formats`, `write`), with recipe and bundle beside them.

Nothing is imported here; the entry points are `explorer.exports.write.write` and `.preview`, `explorer.exports.bundle`
and `explorer.exports.recipe`.
"""
