output "nat_address" {
  description = "Address from which all VMs reach the internet."
  value       = google_compute_address.nat.address
}

output "network" {
  description = "Name of the network."
  value       = google_compute_network.this.name
}

output "subnets" {
  description = "Links of the subnets, by name."
  value       = { for name, subnet in google_compute_subnetwork.this : name => subnet.self_link }
}
