# All that prod has otherwise than dev, besides its state.
locals {
  environment       = "prod"
  chromadb_disk_gib = 100
  is_protected      = true # whether single machines can't be deleted
}
