mock_provider "google" {}

variables {
  name          = "dojangkok-dev-allow-monitoring"
  description   = "Prometheus reads the exporters."
  network       = "dojangkok-ai-vpc"
  source_ranges = ["10.20.0.0/16"]
  target_tags   = ["dojangkok-monitoring"]
  tcp_ports     = ["9100"]
}

run "rule_admits_the_given_sources" {
  command = plan

  assert {
    condition     = google_compute_firewall.this.source_ranges == toset(["10.20.0.0/16"]) && google_compute_firewall.this.direction == "INGRESS"
    error_message = "the rule has other sources"
  }
}

run "internet_is_refused_as_a_source" {
  command = plan
  variables {
    source_ranges = ["0.0.0.0/0"]
  }
  expect_failures = [var.source_ranges]
}

run "half_of_the_internet_is_refused_as_a_source" {
  command = plan
  variables {
    source_ranges = ["10.0.0.0/8", "128.0.0.0/1"]
  }
  expect_failures = [var.source_ranges]
}

run "ipv6_internet_is_refused_as_a_source" {
  command = plan
  variables {
    source_ranges = ["::/0"]
  }
  expect_failures = [var.source_ranges]
}

run "rule_without_source_is_refused" {
  command = plan
  variables {
    source_ranges = []
  }
  expect_failures = [var.source_tags]
}

run "rule_without_target_is_refused" {
  command = plan
  variables {
    target_tags = []
  }
  expect_failures = [var.target_tags]
}

run "range_of_ports_is_refused" {
  command = plan
  variables {
    tcp_ports = ["0-65535"]
  }
  expect_failures = [var.tcp_ports]
}
