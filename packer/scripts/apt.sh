# shellcheck shell=bash
# Functions for other scripts: apt, and third-party repositories.

apt() { apt-get --quiet --yes -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

# add_repository NAME KEY_URL FINGERPRINT ENTRY: trust the key with this fingerprint, for this entry only.
add_repository() {
    local name=$1 key_url=$2 fingerprint=$3 entry=$4 keyring=/etc/apt/keyrings/$1.asc work actual
    work=$(mktemp -d)
    curl --fail --silent --show-error --location --retry 5 --output "$work/key" "$key_url"
    actual=$(gpg --homedir "$work" --batch --quiet --show-keys --with-colons "$work/key" |
        awk -F: '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }')
    if [ "$actual" != "$fingerprint" ]; then
        echo "$key_url: has the key '$actual', must be '$fingerprint'." >&2
        exit 1
    fi
    install -D --mode 644 "$work/key" "$keyring"
    rm -r "$work"
    echo "deb [arch=amd64 signed-by=$keyring] $entry" >"/etc/apt/sources.list.d/$name.list"
    apt update
}

# install_held PACKAGE=VERSION...: install these versions and hold them; only a new image changes them.
install_held() {
    apt install --no-install-recommends --allow-downgrades --allow-change-held-packages "$@"
    apt-mark hold "${@%%=*}"
}
