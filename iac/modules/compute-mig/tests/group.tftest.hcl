mock_provider "google" {}

variables {
  name            = "dojangkok-dev-ai-server"
  zone            = "asia-northeast3-a"
  target_size     = 3
  machine_type    = "n2d-standard-2"
  boot_image      = "dojangkok-cpu-base-20260101"
  boot_disk_gib   = 50
  boot_disk_type  = "pd-standard"
  health_port     = 8000
  initial_delay_s = 300
  subnet          = "projects/p/regions/asia-northeast3/subnetworks/s"
  tags            = ["ai-server"]
  labels          = { environment = "dev" }
  service_account = "ai-server@p.iam.gserviceaccount.com"
  startup_script  = "#!/bin/bash\ntrue\n"
}

run "group_has_the_update_policy_of_deploy" {
  command = plan

  assert {
    condition     = google_compute_instance_group_manager.this.name == "dojangkok-dev-ai-server-mig" && google_compute_instance_group_manager.this.target_size == 3
    error_message = "the name or the size differs from the variables"
  }
  assert {
    condition = one([for policy in google_compute_instance_group_manager.this.update_policy : [
      policy.type, policy.minimal_action, policy.replacement_method, policy.max_surge_fixed, policy.max_unavailable_fixed
    ]]) == ["PROACTIVE", "REPLACE", "SUBSTITUTE", 1, 0]
    error_message = "a rollout would not replace one instance at a time without a gap"
  }
  assert {
    condition     = one(google_compute_instance_group_manager.this.auto_healing_policies).initial_delay_sec == 300
    error_message = "auto-healing would recreate instances that still boot"
  }
}

run "health_check_probes_the_application_every_5_s" {
  command = plan

  assert {
    condition     = google_compute_health_check.this.check_interval_sec == 5 && google_compute_health_check.this.timeout_sec < 5
    error_message = "a probe may last longer than the interval"
  }
  assert {
    condition     = one(google_compute_health_check.this.http_health_check).request_path == "/health" && one(google_compute_health_check.this.http_health_check).port == 8000
    error_message = "the health check does not probe /health on port 8000"
  }
}

# A pause of 15 s, such as a restart of the server, must not recreate the only instance of a group of one.
run "instance_is_recreated_after_30_s_without_an_answer" {
  command = plan

  assert {
    condition     = google_compute_health_check.this.check_interval_sec == 5 && google_compute_health_check.this.unhealthy_threshold >= 6
    error_message = "auto-healing recreates an instance that does not answer for less than 30 s"
  }
}

run "instance_has_no_public_address_and_is_shielded" {
  command = plan

  assert {
    condition     = length(one(google_compute_instance_template.seed.network_interface).access_config) == 0
    error_message = "instances have a public address"
  }
  assert {
    condition     = google_compute_instance_template.seed.metadata["enable-oslogin"] == "TRUE" && google_compute_instance_template.seed.metadata["startup-script"] == var.startup_script
    error_message = "OS Login is off, or the startup script differs"
  }
  assert {
    condition     = google_compute_instance_template.seed.metadata["enable-guest-attributes"] == "TRUE"
    error_message = "the startup script can't write the phases of a boot"
  }
  assert {
    condition     = alltrue([one(google_compute_instance_template.seed.shielded_instance_config).enable_secure_boot, one(google_compute_instance_template.seed.shielded_instance_config).enable_vtpm])
    error_message = "the instance is not shielded"
  }
  assert {
    condition     = one(google_compute_instance_template.seed.disk).disk_size_gb == 50 && one(google_compute_instance_template.seed.disk).source_image == "dojangkok-cpu-base-20260101" && one(google_compute_instance_template.seed.disk).disk_type == "pd-standard"
    error_message = "the disk differs from the variables"
  }
}

run "image_family_is_refused" {
  command = plan
  variables {
    boot_image = "dojangkok-cpu-base"
  }
  expect_failures = [var.boot_image]
}

run "disk_below_the_image_is_refused" {
  command = plan
  variables {
    boot_disk_gib = 30
  }
  expect_failures = [var.boot_disk_gib]
}

run "disk_type_that_the_machine_type_lacks_is_refused" {
  command = plan
  variables {
    boot_disk_type = "hyperdisk-balanced"
  }
  expect_failures = [var.boot_disk_type]
}

run "empty_group_is_refused" {
  command = plan
  variables {
    target_size = 0
  }
  expect_failures = [var.target_size]
}

run "name_too_long_for_a_template_is_refused" {
  command = plan
  variables {
    name = "dojangkok-production-of-the-ai-servers"
  }
  expect_failures = [var.name]
}

run "script_without_a_first_line_for_bash_is_refused" {
  command = plan
  variables {
    startup_script = "docker compose up"
  }
  expect_failures = [var.startup_script]
}
