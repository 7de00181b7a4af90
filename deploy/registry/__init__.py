"""A registry over HTTP: its addresses and logins, the digest of a tag, and whether an image can be pulled."""
