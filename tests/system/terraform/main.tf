# A small copy of the fleet: everything that a rolling group of AI servers stands on. What the provider of 2022 does
# not know is left out.
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

variable "endpoint" {
  description = "Where Compute v1 is served, with a slash at the end."
  type        = string
}

variable "image" {
  description = "Image of the AI server, which the instances pull when they start."
  type        = string
}

variable "canary" {
  description = "Image and target size of a canary in the zonal group; null: it has a single version."
  type        = object({ image = string, fixed = number, percent = number })
  default     = null
}

provider "google" {
  access_token            = "none"
  compute_custom_endpoint = var.endpoint
  project                 = "dojangkok-dev"
  region                  = "asia-northeast3"
  zone                    = "asia-northeast3-a"
}

resource "google_compute_network" "ai" {
  name                    = "clients-vpc"
  description             = "Of the AI servers."
  auto_create_subnetworks = false
  mtu                     = 1460
}

resource "google_compute_subnetwork" "ai" {
  name                     = "clients-subnet"
  network                  = google_compute_network.ai.id
  ip_cidr_range            = "10.20.0.0/24"
  private_ip_google_access = true
}

resource "google_compute_firewall" "health_check" {
  name          = "clients-allow-health-check"
  network       = google_compute_network.ai.name
  source_ranges = ["130.211.0.0/22", "35.191.0.0/16"]
  target_tags   = ["ai-server"]

  allow {
    protocol = "tcp"
    ports    = ["8000"]
  }
}

resource "google_compute_router" "ai" {
  name    = "clients-router"
  network = google_compute_network.ai.id
}

resource "google_compute_router_nat" "ai" {
  name                               = "clients-nat"
  router                             = google_compute_router.ai.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

resource "google_compute_health_check" "ai_server" {
  name                = "clients-ai-server"
  check_interval_sec  = 5
  timeout_sec         = 4
  healthy_threshold   = 2
  unhealthy_threshold = 6

  http_health_check {
    port         = 8000
    request_path = "/health"
  }
}

resource "google_compute_instance_template" "ai_server" {
  name_prefix  = "clients-ai-server-"
  machine_type = "n2d-standard-2"
  tags         = ["ai-server"]
  labels       = { environment = "dev", service = "ai-server" }

  disk {
    source_image = "dojangkok-cpu-base"
    disk_size_gb = 50
    disk_type    = "pd-balanced"
    boot         = true
    auto_delete  = true
  }

  network_interface {
    subnetwork = google_compute_subnetwork.ai.id
  }

  service_account {
    email  = "ai-server@dojangkok-dev.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }

  metadata = {
    enable-oslogin = "TRUE"
    startup-script = "#!/bin/bash\ndocker run --detach --network host ${var.image}\n"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_instance_template" "canary" {
  count        = var.canary == null ? 0 : 1
  name_prefix  = "clients-canary-"
  machine_type = "n2d-standard-2"

  disk {
    source_image = "dojangkok-cpu-base"
    boot         = true
  }

  network_interface {
    subnetwork = google_compute_subnetwork.ai.id
  }

  metadata = {
    startup-script = "#!/bin/bash\ndocker run --detach --network host ${var.canary.image}\n"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_instance_group_manager" "ai_server" {
  name               = "clients-ai-server-mig"
  base_instance_name = "clients-ai-server"
  target_size        = 3
  wait_for_instances = true

  version {
    instance_template = google_compute_instance_template.ai_server.id
  }

  dynamic "version" {
    for_each = var.canary[*]

    content {
      name              = "canary"
      instance_template = google_compute_instance_template.canary[0].id

      target_size {
        fixed   = version.value.fixed
        percent = version.value.percent
      }
    }
  }

  named_port {
    name = "http"
    port = 8000
  }

  auto_healing_policies {
    health_check      = google_compute_health_check.ai_server.id
    initial_delay_sec = 300
  }

  update_policy {
    type                  = "PROACTIVE"
    minimal_action        = "REPLACE"
    replacement_method    = "SUBSTITUTE"
    max_surge_fixed       = 1
    max_unavailable_fixed = 0
  }
}

resource "google_compute_region_health_check" "ai_server" {
  name               = "clients-wide"
  check_interval_sec = 5
  timeout_sec        = 4

  http_health_check {
    port         = 8000
    request_path = "/health"
  }
}

resource "google_compute_region_instance_group_manager" "ai_server" {
  name               = "clients-wide-mig"
  base_instance_name = "clients-wide"
  target_size        = 3
  wait_for_instances = true

  version {
    instance_template = google_compute_instance_template.ai_server.id
  }

  auto_healing_policies {
    health_check      = google_compute_region_health_check.ai_server.id
    initial_delay_sec = 300
  }

  update_policy {
    type                         = "PROACTIVE"
    minimal_action               = "REPLACE"
    replacement_method           = "SUBSTITUTE"
    instance_redistribution_type = "NONE"
    max_surge_fixed              = 3
    max_unavailable_fixed        = 0
  }
}

output "group" {
  value = google_compute_instance_group_manager.ai_server.instance_group
}
