#include "output/estimate_io.h"

#include <stdlib.h>

static const char limits_note[] = "95 % limits; they cover simulation error only";

static xmc_estimate *at(xmc_estimate_series s, size_t i) {
    return (xmc_estimate *)(void *)(s.first + i * s.stride);
}

void xmc_estimates_write(xmc_h5 *h, const char *path, xmc_h5_dims dims, xmc_estimates t,
                         const char *units, const char *long_name, const char *method) {
    size_t n = t.outer.n * t.n_inner;
    double *v = calloc(4 * n + 1, sizeof *v);
    if (!v) {
        if (h->status == XMC_OK)
            h->status = xmc_no_memory(h->diag, 4 * n * sizeof *v, "writing the measures");
        return;
    }
    for (size_t i = 0; i < t.outer.n; i++)
        for (size_t k = 0; k < t.n_inner; k++) {
            const xmc_estimate *e = at(t.outer, i) + k;
            size_t j = i * t.n_inner + k;
            v[j] = e->value;
            v[n + j] = e->se;
            v[2 * n + j] = e->lower;
            v[3 * n + j] = e->upper;
        }
    static const char *const suffix[] = {"", "_se", "_lower", "_upper"};
    static const char *const words[] = {"", ", standard error", ", lower limit", ", upper limit"};
    for (size_t k = 0; k < 4; k++) {
        char name[96], text[256];
        snprintf(name, sizeof name, "%s%s", path, suffix[k]);
        snprintf(text, sizeof text, "%s%s", long_name, words[k]);
        xmc_h5_f64(h, name, dims, v + k * n, units, text);
        if (h->status == XMC_OK && k > 0) {
            hid_t d = H5Dopen2(h->file, name, H5P_DEFAULT);
            xmc_h5_attr_string(h, d, "method", method);
            if (k > 1)
                xmc_h5_attr_string(h, d, "confidence", limits_note);
            H5Dclose(d);
        }
    }
    free(v);
}

void xmc_estimates_read(xmc_h5 *h, const char *path, xmc_estimates t) {
    static const char *const suffix[] = {"", "_se", "_lower", "_upper"};
    size_t n = t.outer.n * t.n_inner;
    for (size_t k = 0; k < 4; k++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", path, suffix[k]);
        double *v = xmc_h5_read_f64(h, name, n, NULL);
        for (size_t j = 0; v && j < n; j++) {
            xmc_estimate *e = at(t.outer, j / t.n_inner) + j % t.n_inner;
            double *field[] = {&e->value, &e->se, &e->lower, &e->upper};
            *field[k] = v[j];
        }
        free(v);
    }
}
