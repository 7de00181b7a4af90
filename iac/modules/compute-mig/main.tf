# A zonal managed instance group. Terraform creates its first template and its policies; deploy chooses the release.
resource "google_compute_health_check" "this" {
  name                = var.name
  check_interval_sec  = 5
  timeout_sec         = 4
  healthy_threshold   = 3 # 10 s of answers, so that a load balancer knows a new server before an old one is removed
  unhealthy_threshold = 6 # 30 s without an answer: auto-healing must not recreate the only instance of a group for a pause

  http_health_check {
    port = var.health_port
    # /health, not /readyz: after SIGTERM /readyz answers 503, and auto-healing would recreate an instance whose server
    # only restarts or drains. At the start both paths agree: nothing listens before the application has started.
    request_path = "/health"
  }

  log_config {
    enable = true
  }
}

resource "google_compute_instance_template" "seed" {
  name_prefix  = "${var.name}-"
  description  = "Seed template, made by Terraform; deploy copies it for each release."
  machine_type = var.machine_type
  tags         = var.tags
  labels       = var.labels

  disk {
    boot         = true
    auto_delete  = true
    source_image = var.boot_image
    disk_size_gb = var.boot_disk_gib
    disk_type    = var.boot_disk_type
  }

  network_interface {
    subnetwork = var.subnet # no access_config, so no public address
  }

  service_account {
    email  = var.service_account
    scopes = ["cloud-platform"] # Secret Manager needs this scope; IAM limits the access
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    enable-oslogin          = "TRUE"
    enable-guest-attributes = "TRUE" # the startup script writes to them how far a boot has come; deploy reads it
    block-project-ssh-keys  = "TRUE"
    startup-script          = var.startup_script
  }

  lifecycle {
    create_before_destroy = true # the group always has a template
  }
}

resource "google_compute_instance_group_manager" "this" {
  name               = "${var.name}-mig"
  zone               = var.zone
  base_instance_name = var.name
  target_size        = var.target_size

  version {
    instance_template = google_compute_instance_template.seed.id
  }

  # Load balancers send requests to this port; without one it has no effect.
  named_port {
    name = "http"
    port = var.health_port
  }

  auto_healing_policies {
    health_check      = google_compute_health_check.this.id
    initial_delay_sec = var.initial_delay_s
  }

  # Equal to `rollout` in environments/*.yaml; otherwise every `status` reports drift.
  update_policy {
    type                  = "PROACTIVE"
    minimal_action        = "REPLACE"
    replacement_method    = "SUBSTITUTE"
    max_surge_fixed       = 1
    max_unavailable_fixed = 0

    # Compute Engine has no default for it: without this line deploy would set it, and the next apply would remove it.
    most_disruptive_allowed_action = "REPLACE"
  }

  lifecycle {
    ignore_changes = [version] # deploy sets the versions; an apply must not restore the seed
  }
}
