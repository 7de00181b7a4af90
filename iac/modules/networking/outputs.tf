output "network" {
  description = "Name of the network."
  value       = google_compute_network.this.name
}

output "subnets" {
  description = "Links of the subnets, by name."
  value       = { for name, subnet in google_compute_subnetwork.this : name => subnet.self_link }
}
