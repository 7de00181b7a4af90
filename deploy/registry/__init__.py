"""A registry: its hosts and logins, the digest of a tag, and whether an image can be pulled."""
