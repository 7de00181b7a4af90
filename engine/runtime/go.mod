module python-sdk

go 1.25.5

require github.com/BurntSushi/toml v1.6.0
