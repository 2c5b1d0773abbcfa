"""Every station of the loop as verbs: plain arguments in, a plain answer out."""
