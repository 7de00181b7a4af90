# Service accounts and what each may do. Accounts of VMs write logs and metrics, and read their own secrets and images.
locals {
  vm_roles = ["roles/logging.logWriter", "roles/monitoring.metricWriter"]

  secrets = {
    (var.ai_server_tokens_secret)    = { ai-server = module.ai_server_account.email } # none where the name is empty
    dojangkok-backend-internal-token = { ai-server = module.ai_server_account.email }
    dojangkok-ocr-api                = { ai-server = module.ai_server_account.email }
    dojangkok-vllm-api-key = {
      ai-server = module.ai_server_account.email
      vllm      = module.vllm_account.email
    }
  }
  metrics_readers = { # none where the name is empty: Google takes the token of the VM's account
    (var.metrics_secret) = {
      ai-server = module.ai_server_account.email
      chromadb  = module.chromadb_account.email
      vllm      = module.vllm_account.email
    }
  }
}

module "ai_server_account" {
  source = "../service-account"

  name          = "ai-server"
  purpose       = "AI servers"
  project       = local.deploy.project
  project_roles = local.vm_roles
  users         = { deployer = module.deployer_account.email }
}

module "chromadb_account" {
  source = "../service-account"

  name          = "chromadb"
  purpose       = "ChromaDB's VM"
  project       = local.deploy.project
  project_roles = local.vm_roles
  users         = { deployer = module.deployer_account.email }
}

module "vllm_account" {
  source = "../service-account"

  name          = "vllm-server"
  purpose       = "vLLM's VM"
  project       = local.deploy.project
  project_roles = local.vm_roles
  users         = { deployer = module.deployer_account.email }
}

module "builder_account" {
  source = "../service-account"

  name    = "dojangkok-builder"
  purpose = "Pushes images and changes no VM"
  project = local.deploy.project
}

module "deployer_account" {
  source = "../service-account"

  name    = "dojangkok-deployer"
  purpose = "Rolls releases out"
  project = local.deploy.project

  # docs/permissions.md explains each permission; policy/test_iac_plan.py compares this list with the list of deploy.
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
    "compute.instances.getGuestAttributes", # the phases of a boot, and the host keys of the SSH connections below
    "compute.instances.getSerialPortOutput",
    "compute.instances.list", # prune --images: what an instance refers to is in use
    "compute.projects.get",   # prune --images reads the project's metadata, and gcloud the project for these connections
    "compute.regions.get",
    "compute.zoneOperations.get",
    "monitoring.timeSeries.list", # metrics of a canary, by Google Managed Prometheus
  ]

  # What the template of modules/compute-mig needs, beside actAs on its account.
  dry_run_permissions = [
    "compute.disks.create",
    "compute.images.useReadOnly",
    "compute.instances.create",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setServiceAccount",
    "compute.instances.setTags",
    "compute.subnetworks.use",
  ]
}

# vLLM and ChromaDB are single VMs without a rollout: the deployer updates them in place.
module "vllm_ssh" {
  source = "../iap-ssh"

  instance = module.vllm.name
  zone     = local.deploy.zone
  account  = module.deployer_account.email
}

module "chromadb_ssh" {
  source = "../iap-ssh"

  instance = module.chromadb.name
  zone     = local.deploy.zone
  account  = module.deployer_account.email
}

module "secret" {
  source   = "../secret-manager"
  for_each = { for name, accessors in merge(local.metrics_readers, local.secrets) : name => accessors if name != "" }

  name      = each.key
  region    = local.region
  accessors = each.value
}

module "github" {
  source = "../workload-identity"

  repository_id       = var.github_repository_id
  repository_owner_id = var.github_owner_id
  ref                 = "refs/heads/main"
  environment         = var.environment
  service_accounts = {
    builder  = module.builder_account.name
    deployer = module.deployer_account.name
  }
}
