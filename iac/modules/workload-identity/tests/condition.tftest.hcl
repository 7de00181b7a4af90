variables {
  repository_id       = "900000001"
  repository_owner_id = "200000001"
  ref                 = "refs/heads/main"
  environment         = "prod"
  service_accounts    = {}
}

run "names_are_refused_as_ids" {
  command = plan
  variables {
    repository_id       = "dojangkok/ai"
    repository_owner_id = "dojangkok"
  }
  expect_failures = [var.repository_id, var.repository_owner_id]
}

run "value_that_ends_the_literal_is_refused" {
  command = plan
  variables {
    environment = "x' || '1' == '1"
    ref         = "refs/heads/main' || '1' == '1"
  }
  expect_failures = [var.environment, var.ref]
}
