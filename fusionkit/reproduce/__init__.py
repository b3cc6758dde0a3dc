"""The tables of the papers, repeated: which runs a table needs, what they gave, and what differs."""
