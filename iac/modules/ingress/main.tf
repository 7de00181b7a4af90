# The only way in from outside the network: a global external Application Load Balancer before the group, over HTTPS, for
# listed addresses. It ends TLS; instances keep no public address.
locals {
  # A rule has at most 10 ranges (google-cloud-compute 1.57.0, SecurityPolicyRuleMatcherConfig.src_ip_ranges).
  allowed = chunklist(sort(tolist(var.source_ranges)), 10)
}

resource "google_compute_global_address" "this" {
  name = var.name
}

# Not the check of auto-healing: after SIGTERM /readyz answers 503, so that no new request reaches a server that drains.
resource "google_compute_health_check" "this" {
  name                = var.name
  check_interval_sec  = 2
  timeout_sec         = 1
  healthy_threshold   = 2
  unhealthy_threshold = 2 # noticed after 4 s, while the server still accepts requests (DRAIN_SEC, 5)

  http_health_check {
    port         = var.health_port
    request_path = "/readyz"
  }

  log_config {
    enable = true
  }
}

resource "google_compute_security_policy" "this" {
  # checkov:skip=CKV_GCP_73: only listed addresses pass, and the server runs no Java
  name        = var.name
  description = "Admits the listed addresses only."

  # The language has `!` and `startsWith` (docs.cloud.google.com/armor/docs/rules-language-reference, read 2026-11-27).
  rule {
    action      = "deny(404)"
    priority    = 100
    description = "Metrics, version and health checks are for the network alone."
    match {
      expr {
        expression = "!request.path.startsWith('/api/')"
      }
    }
  }

  dynamic "rule" {
    for_each = local.allowed
    content {
      action      = "allow"
      priority    = 1000 + rule.key
      description = "Callers of the AI server."
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  rule {
    action      = "deny(403)"
    priority    = 2147483647
    description = "All other addresses."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_backend_service" "this" {
  name                            = var.name
  load_balancing_scheme           = "EXTERNAL_MANAGED"
  protocol                        = "HTTP"
  port_name                       = var.port_name
  timeout_sec                     = var.request_timeout_s
  connection_draining_timeout_sec = var.draining_s
  health_checks                   = [google_compute_health_check.this.id]
  security_policy                 = google_compute_security_policy.this.id

  backend {
    group           = var.instance_group
    balancing_mode  = "UTILIZATION"
    capacity_scaler = 1
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

# A certificate cannot be changed, and the proxy always needs one: each domain has a certificate of its own name.
resource "google_compute_managed_ssl_certificate" "this" {
  name = "${var.name}-${substr(sha256(var.domain), 0, 8)}"

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "this" {
  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_url_map" "https" {
  name            = var.name
  default_service = google_compute_backend_service.this.id
}

resource "google_compute_target_https_proxy" "this" {
  name             = var.name
  url_map          = google_compute_url_map.https.id
  ssl_certificates = [google_compute_managed_ssl_certificate.this.id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_forwarding_rule" "https" {
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.address
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
}

# Port 80 has no backend: it answers every request with 308 and the same URL over HTTPS.
resource "google_compute_url_map" "redirect" {
  name = "${var.name}-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  name    = "${var.name}-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "redirect" {
  name                  = "${var.name}-redirect"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.address
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect.id
}
