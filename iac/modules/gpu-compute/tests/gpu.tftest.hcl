mock_provider "google" {}

variables {
  name                = "dojangkok-dev-vllm"
  zone                = "asia-northeast3-a"
  machine_type        = "g2-standard-4"
  gpu_type            = "nvidia-l4"
  boot_image          = "dojangkok-gpu-base-20260101"
  boot_disk_gib       = 200
  boot_disk_type      = "pd-balanced"
  deletion_protection = false
  subnet              = "projects/p/regions/asia-northeast3/subnetworks/s"
  tags                = ["vllm"]
  labels              = {}
  service_account     = "vllm-server@p.iam.gserviceaccount.com"
  startup_script      = "#!/bin/bash\ntrue\n"
}

run "vm_with_a_gpu_stops_for_maintenance" {
  command = plan

  assert {
    condition     = one(google_compute_instance.this.guest_accelerator).type == "nvidia-l4" && one(google_compute_instance.this.scheduling).on_host_maintenance == "TERMINATE"
    error_message = "a VM with a GPU cannot migrate, and Compute Engine would refuse to start it"
  }
}

run "disk_below_the_image_is_refused" {
  command = plan
  variables {
    boot_disk_gib = 100
  }
  expect_failures = [var.boot_disk_gib]
}

run "standard_disk_is_refused" {
  command = plan
  variables {
    boot_disk_type = "pd-standard"
  }
  expect_failures = [var.boot_disk_type]
}
