output "ai_server_template" {
  description = "Name of the seed template that is written here; the group may have another one."
  value       = module.ai_server.template
}

output "builder" {
  description = "Email of the account that only pushes, for a job that does nothing else."
  value       = module.builder_account.email
}

output "chromadb_internal_ip" {
  description = "Address of ChromaDB's machine in the subnet."
  value       = module.chromadb.internal_ip
}

output "github_secrets" {
  description = "What the secrets of the GitHub environment are set to; none of them is secret."
  value = {
    AR_REPO                    = local.deploy.repository
    GCP_PROJECT_ID             = local.deploy.project
    GCP_SERVICE_ACCOUNT        = module.deployer_account.email
    GCP_ZONE                   = local.deploy.zone
    MIG_NAME                   = module.ai_server.group
    WORKLOAD_IDENTITY_PROVIDER = module.github.provider
  }
}

output "login_condition" {
  description = "Which of GitHub's jobs may log in."
  value       = module.github.condition
}

output "network" {
  description = "Name of the network."
  value       = module.networking.network
}

output "vllm_internal_ip" {
  description = "Address of vLLM's machine in the subnet."
  value       = module.vllm.internal_ip
}
