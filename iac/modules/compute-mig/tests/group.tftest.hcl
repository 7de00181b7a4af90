mock_provider "google" {}

variables {
  name            = "dojangkok-dev-ai-server"
  zone            = "asia-northeast3-a"
  machines        = 3
  machine_type    = "n2d-standard-2"
  boot_image      = "dojangkok-cpu-base-20260101"
  boot_disk_gib   = 50
  health_port     = 8000
  initial_delay_s = 300
  subnet          = "projects/p/regions/asia-northeast3/subnetworks/s"
  tags            = ["ai-server"]
  labels          = { environment = "dev" }
  service_account = "ai-server@p.iam.gserviceaccount.com"
  startup_script  = "#!/bin/bash\ntrue\n"
}

run "group_rolls_as_deploy_wants_it" {
  command = plan

  assert {
    condition     = google_compute_instance_group_manager.this.name == "dojangkok-dev-ai-server-mig" && google_compute_instance_group_manager.this.target_size == 3
    error_message = "name or size is not what was asked for"
  }
  assert {
    condition = one([for policy in google_compute_instance_group_manager.this.update_policy : [
      policy.type, policy.minimal_action, policy.replacement_method, policy.max_surge_fixed, policy.max_unavailable_fixed
    ]]) == ["PROACTIVE", "REPLACE", "SUBSTITUTE", 1, 0]
    error_message = "a release would not come one machine at a time, with none missing"
  }
  assert {
    condition     = one(google_compute_instance_group_manager.this.auto_healing_policies).initial_delay_sec == 300
    error_message = "machines that are still booting would be recreated"
  }
}

run "health_is_asked_of_the_application_every_5_s" {
  command = plan

  assert {
    condition     = google_compute_health_check.this.check_interval_sec == 5 && google_compute_health_check.this.timeout_sec < 5
    error_message = "the look takes longer than until the next one"
  }
  assert {
    condition     = one(google_compute_health_check.this.http_health_check).request_path == "/health" && one(google_compute_health_check.this.http_health_check).port == 8000
    error_message = "something else is asked than whether the application is alive"
  }
}

run "machine_is_closed" {
  command = plan

  assert {
    condition     = length(one(google_compute_instance_template.seed.network_interface).access_config) == 0
    error_message = "machines have a public address"
  }
  assert {
    condition     = google_compute_instance_template.seed.metadata["enable-oslogin"] == "TRUE" && google_compute_instance_template.seed.metadata["startup-script"] == var.startup_script
    error_message = "no OS Login, or another script"
  }
  assert {
    condition     = alltrue([one(google_compute_instance_template.seed.shielded_instance_config).enable_secure_boot, one(google_compute_instance_template.seed.shielded_instance_config).enable_vtpm])
    error_message = "the machine is not shielded"
  }
  assert {
    condition     = one(google_compute_instance_template.seed.disk).disk_size_gb == 50 && one(google_compute_instance_template.seed.disk).source_image == "dojangkok-cpu-base-20260101"
    error_message = "another disk than was asked for"
  }
}

run "family_is_no_image" {
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

run "empty_group_is_refused" {
  command = plan
  variables {
    machines = 0
  }
  expect_failures = [var.machines]
}

run "name_that_leaves_no_room_for_a_templates_is_refused" {
  command = plan
  variables {
    name = "dojangkok-production-of-the-ai-servers"
  }
  expect_failures = [var.name]
}

run "script_that_is_none_is_refused" {
  command = plan
  variables {
    startup_script = "docker compose up"
  }
  expect_failures = [var.startup_script]
}
