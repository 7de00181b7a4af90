output "name" {
  description = "Name of the rule."
  value       = google_compute_firewall.this.name
}
