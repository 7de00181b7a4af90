mock_provider "google" {}

variables {
  name              = "dojangkok-dev-ai-server"
  domain            = "ai.example.com"
  instance_group    = "projects/p/zones/asia-northeast3-a/instanceGroups/g"
  port_name         = "http"
  health_port       = 8000
  request_timeout_s = 600
  draining_s        = 90
  source_ranges     = ["192.0.2.7/32"]
  tokens_secret     = "dojangkok-ai-server-tokens"
}

run "requests_reach_ready_servers_on_the_named_port" {
  command = plan

  assert {
    condition     = one(google_compute_health_check.this.http_health_check).request_path == "/readyz" && one(google_compute_health_check.this.http_health_check).port == 8000
    error_message = "the health check does not probe /readyz on port 8000"
  }
  assert {
    condition     = google_compute_backend_service.this.port_name == "http" && one(google_compute_backend_service.this.backend).group == var.instance_group
    error_message = "the backend is not the named port of the group"
  }
  assert {
    condition     = google_compute_backend_service.this.timeout_sec == 600 && google_compute_backend_service.this.connection_draining_timeout_sec == 90
    error_message = "the times differ from the variables"
  }
}

run "callers_use_https" {
  command = plan

  assert {
    condition     = google_compute_global_forwarding_rule.https.port_range == "443" && google_compute_global_forwarding_rule.redirect.port_range == "80"
    error_message = "the ports are not 443 and 80"
  }
  assert {
    condition     = one(google_compute_url_map.redirect.default_url_redirect).https_redirect && google_compute_url_map.redirect.default_service == null
    error_message = "port 80 does more than redirect"
  }
  assert {
    condition     = google_compute_ssl_policy.this.min_tls_version == "TLS_1_2" && one(google_compute_managed_ssl_certificate.this.managed).domains == tolist(["ai.example.com"])
    error_message = "TLS below 1.2, or a certificate of another domain"
  }
}

run "only_listed_addresses_pass" {
  command = plan
  variables {
    source_ranges = [for number in range(12) : "192.0.2.${number}/32"]
  }

  assert {
    condition     = sort([for rule in google_compute_security_policy.this.rule : "${rule.priority} ${rule.action}"]) == sort(["100 deny(404)", "1000 allow", "1001 allow", "2147483647 deny(403)"])
    error_message = "the rules are not two with at most 10 ranges, one for other paths than /api/, and the last one, which refuses"
  }
  assert {
    condition     = toset(flatten([for rule in google_compute_security_policy.this.rule : one(one(rule.match).config).src_ip_ranges if rule.action == "allow"])) == var.source_ranges
    error_message = "the allowed ranges differ from the variable"
  }
}

run "missing_secret_is_refused" {
  command = plan
  variables {
    tokens_secret = ""
  }
  expect_failures = [var.tokens_secret]
}

run "internet_is_refused_as_a_source" {
  command = plan
  variables {
    source_ranges = ["192.0.2.7/32", "0.0.0.0/0"]
  }
  expect_failures = [var.source_ranges]
}

run "address_with_the_length_of_a_wider_range_is_refused" {
  command = plan
  variables {
    source_ranges = ["192.0.2.7/24"]
  }
  expect_failures = [var.source_ranges]
}

run "empty_list_of_callers_is_refused" {
  command = plan
  variables {
    source_ranges = []
  }
  expect_failures = [var.source_ranges]
}

run "wildcard_domain_is_refused" {
  command = plan
  variables {
    domain = "*.example.com"
  }
  expect_failures = [var.domain]
}

run "draining_above_an_hour_is_refused" {
  command = plan
  variables {
    draining_s = 3601
  }
  expect_failures = [var.draining_s]
}

run "timeout_below_the_default_is_refused" {
  command = plan
  variables {
    request_timeout_s = 10
  }
  expect_failures = [var.request_timeout_s]
}

run "name_too_long_for_the_certificate_is_refused" {
  command = plan
  variables {
    name = "dojangkok-production-of-the-ai-servers-in-the-first-region"
  }
  expect_failures = [var.name]
}
