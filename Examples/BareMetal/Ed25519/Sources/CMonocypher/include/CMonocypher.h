#ifndef OTA_CMONOCYPHER_H
#define OTA_CMONOCYPHER_H

#include <stddef.h>
#include <stdint.h>

/* What Ed25519 takes of Monocypher, written down here so that no fetched header is part of the module. */

/* -1 unless [S]B = R + [h]A, S is reduced, and A and R are on the curve. Does not look whether A and R are reduced. */
int crypto_eddsa_check_equation(const uint8_t signature[64], const uint8_t public_key[32], const uint8_t h[32]);

/* A number of 64 bytes modulo the order of the base point. */
void crypto_eddsa_reduce(uint8_t reduced[32], const uint8_t expanded[64]);

/* r = a * b + c modulo the order of the base point. */
void crypto_eddsa_mul_add(uint8_t r[32], const uint8_t a[32], const uint8_t b[32], const uint8_t c[32]);

/* Sets and clears the bits that a secret scalar has set and clear. */
void crypto_eddsa_trim_scalar(uint8_t out[32], const uint8_t in[32]);

/* A multiple of the base point, in a time that does not depend on the scalar. */
void crypto_eddsa_scalarbase(uint8_t point[32], const uint8_t scalar[32]);

/* Zeros, which no compiler leaves out. */
void crypto_wipe(void *secret, size_t size);

/* Zeros in the stack below the caller, as far down as signing goes with either library. */
#define OTA_WIPED_STACK 2560
void ota_wipe_stack(void);

#endif
