output "address" {
  description = "IPv4 address of the load balancer, for the A record of the domain."
  value       = google_compute_global_address.this.address
}
