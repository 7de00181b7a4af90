# All that dev has otherwise than prod, besides its state.
locals {
  environment       = "dev"
  chromadb_disk_gib = 50
  is_protected      = false # whether single machines can't be deleted
}
