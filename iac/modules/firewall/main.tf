# One allowed ingress. The network refuses all traffic without a rule.
resource "google_compute_firewall" "this" {
  name          = var.name
  description   = var.description
  network       = var.network
  direction     = "INGRESS"
  priority      = 1000
  source_ranges = var.source_ranges
  source_tags   = var.source_tags
  target_tags   = var.target_tags

  allow {
    protocol = "tcp"
    ports    = var.tcp_ports
  }
}
