/* SHA-256 through libcrypto, over files and over numbers in a fixed byte order. */
#ifndef CROSSMC_DIGEST_H
#define CROSSMC_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct xmc_digest xmc_digest;

/* NULL without memory. */
xmc_digest *xmc_digest_new(void);
void xmc_digest_bytes(xmc_digest *d, const void *data, size_t n);
void xmc_digest_string(xmc_digest *d,
                       const char *s); /* with its terminating zero; NULL counts as "" */
void xmc_digest_f64(xmc_digest *d, const double *x, size_t n); /* little-endian */
void xmc_digest_u64(xmc_digest *d, const uint64_t *x, size_t n);
void xmc_digest_u32(xmc_digest *d, const uint32_t *x, size_t n);
/* Finishes into 64 hexadecimal digits and a zero, and frees d. */
void xmc_digest_finish(xmc_digest *d, char hex[65]);

#endif
