#include "../../.artifacts/libsodium/crypto_sign/ed25519/ref10/sign.c"
