"""The steps of a release: functions from containers and directories to containers and directories."""
