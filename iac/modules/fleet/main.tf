# The VMs of one environment. environments/ENV/main.tf and backend.tf hold everything that differs between environments.
locals {
  # deploy reads this file too, so both use the same project, group and repository.
  deploy = yamldecode(file("${path.module}/../../../environments/${var.environment}.yaml"))
  region = replace(local.deploy.zone, "/-[a-z]$/", "")
  name   = "dojangkok-${var.environment}"
  subnet = module.networking.subnets["${local.name}-subnet"]

  repository_parts = split("/", local.deploy.repository) # HOST/PROJECT/NAME/IMAGE

  ai_server_port = 8000

  labels = { for service in ["ai-server", "chromadb", "vllm"] : service => {
    environment = var.environment
    service     = service
    managed_by  = "terraform"
  } }

  # AI servers use DNS names: a VM that is created again at another address keeps its name.
  internal_domain = "${local.deploy.zone}.c.${local.deploy.project}.internal"
}

module "project_setup" {
  source = "../project-setup"

  services = [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com", # deploy lists its own permissions
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com", # keyless login
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "oslogin.googleapis.com",
    "secretmanager.googleapis.com",
    "sts.googleapis.com", # keyless login
  ]
}

module "networking" {
  source = "../networking"

  name    = "dojangkok-ai"
  region  = local.region
  subnets = { "${local.name}-subnet" = "10.10.0.0/24" }
}

module "registry" {
  source = "../artifact-registry"

  name   = local.repository_parts[2]
  region = local.region
  readers = {
    ai-server = module.ai_server_account.email
    vllm      = module.vllm_account.email
  }
  writers = {
    builder  = module.builder_account.email
    deployer = module.deployer_account.email # `deploy` without an image builds and pushes first
  }
}

module "ai_server" {
  source = "../compute-mig"

  name            = trimsuffix(local.deploy.group, "-mig")
  zone            = local.deploy.zone
  target_size     = var.ai_server_instances
  machine_type    = var.ai_server_machine_type
  boot_image      = var.cpu_image
  boot_disk_gib   = 50
  boot_disk_type  = var.ai_server_disk_type
  health_port     = local.ai_server_port
  initial_delay_s = 420 # 40 s until the script, 150 s of attempts, a last one of 120 s, 60 s until the server is healthy
  subnet          = local.subnet
  tags            = ["ai-server", "dojangkok-monitoring"]
  labels          = local.labels["ai-server"]
  service_account = module.ai_server_account.email
  startup_script  = local.scripts["ai-server"]
}

# A rollout takes longer behind the load balancer: environments/ENV.yaml says for how long deploy waits.
check "rollout_time" {
  assert {
    condition     = var.domain == "" || coalesce(local.deploy.rollout.timeout_s, 0) >= 120 + 390 * var.ai_server_instances
    error_message = "environments/${var.environment}.yaml: rollout.timeout_s: each replaced instance is drained for 90 to 150 s, beside the 240 s that deploy expects for it. Fix: set at least ${120 + 390 * var.ai_server_instances}, or a rollout may be rolled back although it succeeds."
  }
}

# Off until a domain is set. modules/ingress refuses an empty name of the secret with the callers' tokens.
module "ingress" {
  source = "../ingress"
  count  = var.domain == "" ? 0 : 1

  name              = "${trimsuffix(local.deploy.group, "-mig")}-ingress"
  domain            = var.domain
  instance_group    = module.ai_server.instance_group
  port_name         = module.ai_server.port_name
  health_port       = local.ai_server_port
  request_timeout_s = 1800 # the longest easy contract: policy/test_ingress.py adds its parts up
  draining_s        = 90   # above the 80 s that a server has to stop: compose/ai-server/docker-compose.yml
  source_ranges     = var.ingress_source_ranges
  tokens_secret     = var.ai_server_tokens_secret
}

module "chromadb" {
  source = "../compute"

  name                = "${local.name}-chromadb"
  zone                = local.deploy.zone
  machine_type        = var.chromadb_machine_type
  boot_image          = var.cpu_image
  boot_disk_gib       = 50
  boot_disk_type      = var.chromadb_boot_disk_type
  data_disk_gib       = var.chromadb_disk_gib
  data_disk_type      = var.chromadb_data_disk_type
  deletion_protection = var.is_protected
  subnet              = local.subnet
  tags                = ["chromadb", "dojangkok-monitoring"]
  labels              = local.labels["chromadb"]
  service_account     = module.chromadb_account.email
  startup_script      = local.scripts["chromadb"]
}

module "vllm" {
  source = "../gpu-compute"

  name                = "${local.name}-vllm"
  zone                = local.deploy.zone
  machine_type        = var.vllm_machine_type
  gpu_type            = var.vllm_gpu_type
  boot_image          = var.gpu_image
  boot_disk_gib       = 200
  boot_disk_type      = var.vllm_disk_type
  deletion_protection = var.is_protected
  subnet              = local.subnet
  tags                = ["vllm", "dojangkok-monitoring"]
  labels              = local.labels["vllm"]
  service_account     = module.vllm_account.email
  startup_script      = local.scripts["vllm"]
}
