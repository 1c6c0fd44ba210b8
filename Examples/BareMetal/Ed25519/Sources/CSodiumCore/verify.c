#include "../../.artifacts/libsodium/crypto_verify/verify.c"
