output "group" {
  description = "Name of the group."
  value       = google_compute_instance_group_manager.this.name
}

output "instance_group" {
  description = "Link of the group's instance group, the backend of a load balancer."
  value       = google_compute_instance_group_manager.this.instance_group
}

output "port_name" {
  description = "Named port of the application."
  value       = one(google_compute_instance_group_manager.this.named_port).name
}

output "template" {
  description = "Name of the seed template."
  value       = google_compute_instance_template.seed.name
}
