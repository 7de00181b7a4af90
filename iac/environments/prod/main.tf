# The machines of one environment. What differs between environments is in environment.tf and backend.tf alone.
locals {
  # The file that deploy reads too, so that both mean the same project, group and repository.
  deploy = yamldecode(file("${path.module}/../../../environments/${local.environment}.yaml"))
  region = replace(local.deploy.zone, "/-[a-z]$/", "")
  name   = "dojangkok-${local.environment}"
  apart  = split("/", local.deploy.repository) # HOST/PROJECT/NAME/IMAGE
  subnet = module.networking.subnets["${local.name}-subnet"]

  labels = { for service in ["ai-server", "chromadb", "vllm"] : service => {
    environment = local.environment
    service     = service
    managed_by  = "terraform"
  } }

  # By name, so that a machine made anew at another address is found all the same.
  internal = "${local.deploy.zone}.c.${local.deploy.project}.internal"
}

provider "google" {
  project = local.deploy.project
  region  = local.region
  zone    = local.deploy.zone
}

module "project_setup" {
  source = "../../modules/project-setup"

  services = [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com", # deploy asks it which permissions it has
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
  source = "../../modules/networking"

  name    = "dojangkok-ai"
  region  = local.region
  subnets = { "${local.name}-subnet" = "10.10.0.0/24" }
}

module "registry" {
  source = "../../modules/artifact-registry"

  name   = local.apart[2]
  region = local.region
  readers = {
    ai-server = module.ai_server_account.email
    vllm      = module.vllm_account.email
  }
  writers = {
    builder  = module.builder_account.email
    deployer = module.deployer_account.email # `deploy` without an image goes the whole way, and pushes
  }
}

module "ai_server" {
  source = "../../modules/compute-mig"

  name            = trimsuffix(local.deploy.group, "-mig")
  zone            = local.deploy.zone
  machines        = var.ai_server_machines
  machine_type    = var.ai_server_machine_type
  boot_image      = var.cpu_image
  boot_disk_gib   = 50
  health_port     = 8000
  initial_delay_s = 300
  subnet          = local.subnet
  tags            = ["ai-server", "dojangkok-monitoring"]
  labels          = local.labels["ai-server"]
  service_account = module.ai_server_account.email
  startup_script  = local.scripts["ai-server"]
}

module "chromadb" {
  source = "../../modules/compute"

  name                = "${local.name}-chromadb"
  zone                = local.deploy.zone
  machine_type        = var.chromadb_machine_type
  boot_image          = var.cpu_image
  boot_disk_gib       = 50
  data_disk_gib       = local.chromadb_disk_gib
  deletion_protection = local.is_protected
  subnet              = local.subnet
  tags                = ["chromadb", "dojangkok-monitoring"]
  labels              = local.labels["chromadb"]
  service_account     = module.chromadb_account.email
  startup_script      = local.scripts["chromadb"]
}

module "vllm" {
  source = "../../modules/gpu-compute"

  name                = "${local.name}-vllm"
  zone                = local.deploy.zone
  machine_type        = var.vllm_machine_type
  gpu_type            = var.vllm_gpu_type
  boot_image          = var.gpu_image
  boot_disk_gib       = 200
  deletion_protection = local.is_protected
  subnet              = local.subnet
  tags                = ["vllm", "dojangkok-monitoring"]
  labels              = local.labels["vllm"]
  service_account     = module.vllm_account.email
  startup_script      = local.scripts["vllm"]
}
