"""The Refine page: cluster weights over the iterations of a refinement."""
