"""Where many tasks run: one interface, and a file for each way. Whatever a task starts is a process of its own."""
