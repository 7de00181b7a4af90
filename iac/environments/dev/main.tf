# The fleet of dev: replace these values with your own. None of them is secret; modules/fleet/variables.tf describes each.
module "fleet" {
  source = "../../modules/fleet"

  environment               = "dev"
  ai_server_first_release   = ":4f2a91c"
  ai_server_tokens_secret   = "dojangkok-ai-server-tokens"
  backend_callback_base_url = "https://backend.example.com/api"
  chromadb_disk_gib         = 50
  cpu_image                 = "dojangkok-cpu-base-20260101"
  github_owner_id           = "200000001"
  github_repository_id      = "900000001"
  gpu_image                 = "dojangkok-gpu-base-20260101"
  is_protected              = false
  loki_url                  = "http://loki.example.com:3100"
  vllm_first_release        = ":v0.15.1"
}

provider "google" {
  project = module.fleet.project
}

output "fleet" {
  description = "Names and addresses of the fleet; modules/fleet/outputs.tf describes each."
  value       = module.fleet
}
