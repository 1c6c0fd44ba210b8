#include "../../.artifacts/libsodium/crypto_core/ed25519/ref10/ed25519_ref10.c"
