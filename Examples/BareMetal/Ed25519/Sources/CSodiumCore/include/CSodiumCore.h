#ifndef OTA_CSODIUMCORE_H
#define OTA_CSODIUMCORE_H

#include <stddef.h>
#include <stdint.h>

/* What Ed25519 takes of libsodium, written down here so that no fetched header is part of the module. */

/* 0 if the signature is good: 64 bytes, by a key of 32. */
int crypto_sign_ed25519_verify_detached(
  const unsigned char *sig, const unsigned char *m, unsigned long long mlen, const unsigned char *pk);

/* The public key of a seed of 32 bytes; and both, one behind the other, as the 64 bytes that signing takes. */
int crypto_sign_ed25519_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);

/* A signature of 64 bytes. */
int crypto_sign_ed25519_detached(
  unsigned char *sig, unsigned long long *siglen_p, const unsigned char *m, unsigned long long mlen,
  const unsigned char *sk);

/* Zeros, which no compiler leaves out. */
void sodium_memzero(void *pnt, size_t len);

#endif
