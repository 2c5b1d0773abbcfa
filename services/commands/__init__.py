"""The command line's commands, one module per part of the loop: options in, a verb's answer out."""
