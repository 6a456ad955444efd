"""Why response length works as a selector: statistics, fits, coverage and the sentences made from them."""
