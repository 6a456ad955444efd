"""Selection: a spec says what is selected, a method ranks a pool of samples, rules hold around any method."""
