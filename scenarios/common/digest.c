#include "scenarios/common/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "crossmc writes little-endian digests and supports little-endian machines only"
#endif

struct xmc_digest {
    EVP_MD_CTX *ctx;
};

xmc_digest *xmc_digest_new(void) {
    xmc_digest *d = malloc(sizeof *d);
    if (!d)
        return NULL;
    d->ctx = EVP_MD_CTX_new();
    if (!d->ctx || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(d->ctx);
        free(d);
        return NULL;
    }
    return d;
}

void xmc_digest_bytes(xmc_digest *d, const void *data, size_t n) {
    EVP_DigestUpdate(d->ctx, data, n);
}

void xmc_digest_string(xmc_digest *d, const char *s) {
    if (!s)
        s = "";
    xmc_digest_bytes(d, s, strlen(s) + 1);
}

void xmc_digest_f64(xmc_digest *d, const double *x, size_t n) {
    xmc_digest_bytes(d, x, n * sizeof *x);
}
void xmc_digest_u64(xmc_digest *d, const uint64_t *x, size_t n) {
    xmc_digest_bytes(d, x, n * sizeof *x);
}
void xmc_digest_u32(xmc_digest *d, const uint32_t *x, size_t n) {
    xmc_digest_bytes(d, x, n * sizeof *x);
}

void xmc_digest_finish(xmc_digest *d, char hex[65]) {
    static const char digit[] = "0123456789abcdef";
    unsigned char md[32];
    EVP_DigestFinal_ex(d->ctx, md, NULL);
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digit[md[i] >> 4];
        hex[2 * i + 1] = digit[md[i] & 15];
    }
    hex[64] = '\0';
    EVP_MD_CTX_free(d->ctx);
    free(d);
}
