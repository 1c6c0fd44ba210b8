#include "../../.artifacts/libsodium/crypto_hash/sha512/cp/hash_sha512_cp.c"
