output "group" {
  description = "Name of the group."
  value       = google_compute_instance_group_manager.this.name
}

output "template" {
  description = "Name of the seed template."
  value       = google_compute_instance_template.seed.name
}
