output "accounts" {
  description = "Emails that GitHub's jobs may become: GCP_SERVICE_ACCOUNT is the deployer's."
  value = {
    builder  = module.builder_account.email
    deployer = module.deployer_account.email
  }
}

output "ai_server_group" {
  description = "Name of the group; MIG_NAME of the workflows."
  value       = module.ai_server.group
}

output "ai_server_template" {
  description = "Name of the seed template that is written here; the group may have another one."
  value       = module.ai_server.template
}

output "chromadb_internal_ip" {
  description = "Address of ChromaDB's machine in the subnet."
  value       = module.chromadb.internal_ip
}

output "login_condition" {
  description = "Which of GitHub's jobs may log in."
  value       = module.github.condition
}

output "network" {
  description = "Name of the network."
  value       = module.networking.network
}

output "scripts" {
  description = "Startup scripts as rendered; nothing in them is secret."
  value       = local.scripts
}

output "vllm_internal_ip" {
  description = "Address of vLLM's machine in the subnet."
  value       = module.vllm.internal_ip
}

output "workload_identity_provider" {
  description = "WORKLOAD_IDENTITY_PROVIDER of the workflows."
  value       = module.github.provider
}
