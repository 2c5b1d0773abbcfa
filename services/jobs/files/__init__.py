"""The files in which jobs leave what they found."""
