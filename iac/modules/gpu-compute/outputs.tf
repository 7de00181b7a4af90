output "internal_ip" {
  description = "Address in the subnet."
  value       = google_compute_instance.this.network_interface[0].network_ip
}

output "name" {
  description = "Name of the VM."
  value       = google_compute_instance.this.name
}
