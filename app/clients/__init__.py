"""The services that the AI server asks, one file each."""
