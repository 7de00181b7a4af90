"""Everything that a person or a program reads of deploy: what is, what would be, what went on, what it came to."""
