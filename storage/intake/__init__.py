"""Reading foreign files: a child process with limits parses them, the parent takes its Arrow files."""
