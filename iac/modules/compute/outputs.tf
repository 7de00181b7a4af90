output "data_disk" {
  description = "Name of the data disk."
  value       = google_compute_disk.data.name
}

output "internal_ip" {
  description = "Address in the subnet."
  value       = google_compute_instance.this.network_interface[0].network_ip
}

output "name" {
  description = "Name of the VM."
  value       = google_compute_instance.this.name
}
