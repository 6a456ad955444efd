"""Reading a workspace: features, samples, maps, groups, selections and columns of one snapshot.

A query takes a `Snapshot` (a page's view is one), so that everything a page or verb reads belongs together, and gives
Arrow tables, arrays by sample id or plain values. Text of the dataset and what the user typed reach SQL as `?`
parameters only; column names come from closed lists.

A feature is present in a sample where its largest activation in a segment is above the threshold: `max_act >
threshold`, so an activation equal to the threshold does not count. Queries without a segment look at the response.
"""
