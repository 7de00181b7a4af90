# shellcheck shell=bash
# Sourced: apt, and a repository of somebody else's.

apt() { apt-get --quiet --yes -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

# add_repository NAME KEY_URL FINGERPRINT ENTRY: trust the one key of that fingerprint, for that entry alone.
add_repository() {
    local name=$1 key_url=$2 fingerprint=$3 entry=$4 keyring=/etc/apt/keyrings/$1.asc work found
    work=$(mktemp -d)
    curl --fail --silent --show-error --location --retry 5 --output "$work/key" "$key_url"
    found=$(gpg --homedir "$work" --batch --quiet --show-keys --with-colons "$work/key" |
        awk -F: '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }')
    if [ "$found" != "$fingerprint" ]; then
        echo "$key_url: has the key '$found', must be '$fingerprint'." >&2
        exit 1
    fi
    install -D --mode 644 "$work/key" "$keyring"
    rm -r "$work"
    echo "deb [arch=amd64 signed-by=$keyring] $entry" >"/etc/apt/sources.list.d/$name.list"
    apt update
}

# install_held PACKAGE=VERSION...: these very versions, which nothing but a new image changes.
install_held() {
    apt install --no-install-recommends --allow-downgrades --allow-change-held-packages "$@"
    apt-mark hold "${@%%=*}"
}
