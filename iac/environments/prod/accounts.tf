# Who may do what. Machines: logs and metrics on the project, and the secrets and images that are theirs.
locals {
  machine_roles = ["roles/logging.logWriter", "roles/monitoring.metricWriter"]

  secrets = {
    dojangkok-backend-internal-token = { ai-server = module.ai_server_account.email }
    dojangkok-ocr-api                = { ai-server = module.ai_server_account.email }
    dojangkok-vllm-api-key = {
      ai-server = module.ai_server_account.email
      vllm      = module.vllm_account.email
    }
  }
}

module "ai_server_account" {
  source = "../../modules/service-account"

  name          = "ai-server"
  purpose       = "AI servers"
  project       = local.deploy.project
  project_roles = local.machine_roles
  users         = { deployer = module.deployer_account.email }
}

module "chromadb_account" {
  source = "../../modules/service-account"

  name          = "chromadb"
  purpose       = "ChromaDB's machine"
  project       = local.deploy.project
  project_roles = local.machine_roles
  users         = { deployer = module.deployer_account.email }
}

module "vllm_account" {
  source = "../../modules/service-account"

  name          = "vllm-server"
  purpose       = "vLLM's machine"
  project       = local.deploy.project
  project_roles = local.machine_roles
  users         = { deployer = module.deployer_account.email }
}

module "builder_account" {
  source = "../../modules/service-account"

  name    = "dojangkok-builder"
  purpose = "Pushes images, and touches no machine"
  project = local.deploy.project
}

module "deployer_account" {
  source = "../../modules/service-account"

  name    = "dojangkok-deployer"
  purpose = "Rolls releases out"
  project = local.deploy.project

  # docs/runbook.md says what for; policy/test_iac_plan.py compares this with deploy's own list.
  permissions = [
    "compute.autoscalers.list",
    "compute.globalOperations.get",
    "compute.healthChecks.get",
    "compute.instanceGroupManagers.get",
    "compute.instanceGroupManagers.list",
    "compute.instanceGroupManagers.update",
    "compute.instanceTemplates.create",
    "compute.instanceTemplates.delete",
    "compute.instanceTemplates.get",
    "compute.instanceTemplates.list",
    "compute.instanceTemplates.useReadOnly",
    "compute.instances.getGuestAttributes", # the host keys of the shells below
    "compute.instances.getSerialPortOutput",
    "compute.projects.get", # gcloud's, for the same
    "compute.regions.get",
    "compute.zoneOperations.get",
  ]
}

# vLLM and ChromaDB can't roll: the deployer updates them in place.
module "vllm_ssh" {
  source = "../../modules/iap-ssh"

  instance = module.vllm.name
  zone     = local.deploy.zone
  account  = module.deployer_account.email
}

module "chromadb_ssh" {
  source = "../../modules/iap-ssh"

  instance = module.chromadb.name
  zone     = local.deploy.zone
  account  = module.deployer_account.email
}

module "secret" {
  source   = "../../modules/secret-manager"
  for_each = local.secrets

  name      = each.key
  region    = local.region
  accessors = each.value
}

module "github" {
  source = "../../modules/workload-identity"

  repository_id       = var.github_repository_id
  repository_owner_id = var.github_owner_id
  ref                 = "refs/heads/main"
  environment         = local.environment
  service_accounts = {
    builder  = module.builder_account.name
    deployer = module.deployer_account.name
  }
}
