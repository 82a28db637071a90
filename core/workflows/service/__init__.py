"""What the REST service needs of the workspace: its keys, and what is kept in memory until the store changes."""
