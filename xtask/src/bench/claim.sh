#!/bin/sh
# A claim with the programs that people have: a key pair by openssl, the request by curl. Ours, for comparison.
# claim.sh DIRECTORY URL TOKEN ROOM CA
set -eu
umask 077
cd "$1"
id=$(cat /proc/sys/kernel/random/uuid)
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem 2>/dev/null ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem 2>/dev/null
openssl pkey -in private.pem -pubout -out public.pem
key=$(sed 's/$/\\n/' public.pem | tr -d '\n')
printf '{"node":{"id":"%s","hostname":"edge"},"token":"%s","rooms":["%s"],"publicKey":"%s"}' \
    "$id" "$3" "$4" "$key" > request.json
status=$(curl --silent --show-error --noproxy '*' --cacert "$5" --request PUT --header 'Content-Type: application/json' \
    --data-binary @request.json --output answer.json --write-out '%{http_code}' "$2/api/v1/spaces/nodes/$id")
[ "$status" = 204 ]
printf '%s' "$id" > claimed_id
