# The common part of both builds: a VM that is reachable through IAP only, and its variables.

locals {
  built_at = formatdate("YYYYMMDDhhmmss", timestamp())
  region   = regex_replace(var.zone, "-[a-z]$", "")

  docker_versions = "Docker ${var.docker_version}, containerd ${var.docker_containerd_version}, compose ${var.docker_compose_version}"

  # Variables of scripts/; the fingerprints are those of the keys that both repositories publish.
  environment = [
    "DOCKER_BUILDX_VERSION=${var.docker_buildx_version}",
    "DOCKER_COMPOSE_VERSION=${var.docker_compose_version}",
    "DOCKER_CONTAINERD_VERSION=${var.docker_containerd_version}",
    "DOCKER_KEY_FINGERPRINT=9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "DOCKER_REPOSITORY=https://download.docker.com/linux/ubuntu",
    "DOCKER_VERSION=${var.docker_version}",
    "NVIDIA_KEY_FINGERPRINT=C95B321B61E88C1809C4F759DDCAE044F796ECB0",
    "NVIDIA_REPOSITORY=https://nvidia.github.io/libnvidia-container",
    "NVIDIA_TOOLKIT_VERSION=${var.nvidia_toolkit_version}",
    "REGISTRY_HOST=${local.region}-docker.pkg.dev",
  ]
}

source "googlecompute" "vm" {
  project_id = var.project_id
  zone       = var.zone

  # No public address: Packer connects through IAP, and the VM reaches the internet through the subnetwork's NAT.
  subnetwork       = var.subnetwork
  omit_external_ip = true
  use_internal_ip  = true
  use_iap          = true
  tags             = ["packer"]

  # OS Login leaves no user and no key in the image; it replaces the user name.
  use_os_login = true
  ssh_username = "packer"
  ssh_timeout  = "10m"

  # The build calls no API of Google, so the VM has no account and no scopes.
  disable_default_service_account = true

  enable_secure_boot          = true
  enable_vtpm                 = true
  enable_integrity_monitoring = true

  image_storage_locations = [local.region]
}
