#!/bin/sh
# pull.sh REFERENCE: pull an image from the embedded registry; its digest on stdout, an OCI archive in /image.tar.
# The image is copied by the digest that is printed, so that a tag that moves in between changes nothing.
set -eu
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1")
name=${1%@*}
case ${name##*/} in *:*) name=${name%:*} ;; esac
printf '%s\n' "$digest"
skopeo copy --quiet --src-tls-verify=false "docker://$name@$digest" oci-archive:/image.tar
