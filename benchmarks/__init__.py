"""Each figure that is claimed, measured beside what it is compared with, in the same run."""
