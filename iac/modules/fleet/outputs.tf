output "ai_server_template" {
  description = "Name of the newest seed template; the group may use another template."
  value       = module.ai_server.template
}

output "builder" {
  description = "Email of the account that only pushes, for a job that only publishes."
  value       = module.builder_account.email
}

output "chromadb_internal_ip" {
  description = "Address of ChromaDB's VM in the subnet."
  value       = module.chromadb.internal_ip
}

output "github_secrets" {
  description = "Values for the secrets of the GitHub environment; none of these values is secret."
  value = {
    AR_REPO                    = local.deploy.repository
    GCP_PROJECT_ID             = local.deploy.project
    GCP_SERVICE_ACCOUNT        = module.deployer_account.email
    GCP_ZONE                   = local.deploy.zone
    MIG_NAME                   = module.ai_server.group
    WORKLOAD_IDENTITY_PROVIDER = module.github.provider
  }
}

output "ingress_address" {
  description = "IPv4 address for the A record of the domain; null without a domain."
  value       = one(module.ingress[*].address)
}

output "login_condition" {
  description = "Condition that a token of GitHub must meet to log in, in CEL."
  value       = module.github.condition
}

output "nat_address" {
  description = "Address from which all VMs reach the internet, for the lists of allowed addresses of Loki, the backend and others."
  value       = module.networking.nat_address
}

output "network" {
  description = "Name of the network."
  value       = module.networking.network
}

output "project" {
  description = "Id of the project."
  value       = local.deploy.project
}

output "vllm_internal_ip" {
  description = "Address of vLLM's VM in the subnet."
  value       = module.vllm.internal_ip
}
