#include "output/location_means.h"
#include "output/results_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SLAB = XMC_RESULTS_CHUNK };

/* Names by location: fixed size, so that a slab is one write. */
typedef struct {
    const xmc_book *book;
    const char **account; /* [accounts] PortNumber, 0x1f, AccNumber */
} names;

enum { PORTFOLIO, ACCOUNT, LOCATION, N_NAMES };

static const char *name_of(const names *x, int which, size_t i, size_t *size) {
    const xmc_location *l = &x->book->locations[i];
    if (which == LOCATION) {
        *size = strlen(l->loc_number);
        return l->loc_number;
    }
    const char *whole = x->account[l->account] ? x->account[l->account] : "";
    const char *cut = strchr(whole, 0x1f);
    if (which == PORTFOLIO) {
        *size = cut ? (size_t)(cut - whole) : 0;
        return whole;
    }
    const char *account = cut ? cut + 1 : whole;
    *size = strlen(account);
    return account;
}

static hid_t create(xmc_h5 *h, const char *path, hid_t type, xmc_h5_dims dims, const char *units,
                    const char *long_name, size_t n) {
    hid_t plist = xmc_h5_plist(h);
    const hsize_t chunk[2] = {1, n < SLAB ? n : SLAB};
    if (H5Pset_chunk(plist, dims.rank, chunk + (2 - dims.rank)) < 0)
        xmc_h5_fail(h, path);
    hid_t d = xmc_h5_create(h, path, type, dims, plist, units, long_name);
    H5Pclose(plist);
    return d;
}

/* Values of locations first … first + n - 1, of row `row` where there are rows. */
static void write_slab(xmc_h5 *h, hid_t d, hid_t type, int rank, size_t row, size_t first, size_t n,
                       const void *data) {
    if (h->status != XMC_OK)
        return;
    const hsize_t at[2] = {row, first}, count[2] = {1, n}, size = n;
    hid_t space = H5Dget_space(d), memory = H5Screate_simple(1, &size, NULL);
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, at + (2 - rank), NULL, count + (2 - rank),
                            NULL) < 0 ||
        H5Dwrite(d, type, memory, space, H5P_DEFAULT, data) < 0)
        xmc_h5_fail(h, "/locations");
    H5Sclose(memory);
    H5Sclose(space);
}

static void write_names(xmc_h5 *h, const names *x, int which, const char *path,
                        const char *long_name) {
    const size_t n = x->book->n_locations;
    size_t widest = 1;
    for (size_t i = 0; i < n; i++) {
        size_t size;
        name_of(x, which, i, &size);
        widest = widest > size ? widest : size;
    }
    char *slab = malloc(SLAB * widest);
    if (!slab) {
        h->status = xmc_no_memory(h->diag, SLAB * widest, "names of locations");
        return;
    }
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, widest);
    H5Tset_strpad(t, H5T_STR_NULLPAD);
    H5Tset_cset(t, H5T_CSET_UTF8);
    hid_t d = create(h, path, t, XMC_H5_DIMS1("/locations/row"), "1", long_name, n);
    for (size_t first = 0; first < n && h->status == XMC_OK; first += SLAB) {
        const size_t here = n - first < SLAB ? n - first : SLAB;
        memset(slab, 0, SLAB * widest);
        for (size_t i = 0; i < here; i++) {
            size_t size;
            const char *s = name_of(x, which, first + i, &size);
            memcpy(slab + i * widest, s, size);
        }
        write_slab(h, d, t, 1, 0, first, here, slab);
    }
    if (d >= 0)
        H5Dclose(d);
    H5Tclose(t);
    free(slab);
}

static void write_sums(xmc_h5 *h, const xmc_book *book) {
    const size_t n = book->n_locations;
    double *slab = malloc(SLAB * sizeof *slab);
    if (!slab) {
        h->status = xmc_no_memory(h->diag, SLAB * sizeof *slab, "sums insured");
        return;
    }
    hid_t d = create(h, "/locations/sum_insured", H5T_IEEE_F64LE, XMC_H5_DIMS1("/locations/row"),
                     "CNY", "sum insured of all coverages", n);
    for (size_t first = 0; first < n && h->status == XMC_OK; first += SLAB) {
        const size_t here = n - first < SLAB ? n - first : SLAB;
        for (size_t i = 0; i < here; i++) {
            const xmc_location *l = &book->locations[first + i];
            slab[i] = 0;
            for (int k = 0; k < XMC_N_COVERS; k++)
                slab[i] += l->tiv[k];
        }
        write_slab(h, d, H5T_NATIVE_DOUBLE, 1, 0, first, here, slab);
    }
    if (d >= 0)
        H5Dclose(d);
    free(slab);
}

xmc_status xmc_results_write_location_means(xmc_results *r, size_t n_groups,
                                            const char *const *groups, const double *mean,
                                            xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    const xmc_book *book = &r->meta.analysis->book;
    const size_t n = book->n_locations;
    names x = {book, calloc(book->n_accounts + 1, sizeof *x.account)};
    if (!x.account)
        return xmc_no_memory(diag, book->n_accounts * sizeof *x.account, "names of accounts");
    for (size_t i = 0; i < book->n_policies; i++)
        x.account[book->policies[i].account] = book->policies[i].account_name;
    xmc_h5_group(h, "/locations");
    xmc_h5_scale_length(h, "/locations/row", n, "location, in the order of the files");
    xmc_h5_scale_strings(h, "/locations/group", groups, n_groups, "peril group");
    write_names(h, &x, PORTFOLIO, "/locations/portfolio", "PortNumber");
    write_names(h, &x, ACCOUNT, "/locations/account", "AccNumber");
    write_names(h, &x, LOCATION, "/locations/location", "LocNumber");
    write_sums(h, book);
    hid_t d = h->status == XMC_OK
                  ? create(h, "/locations/ground_up_mean", H5T_IEEE_F64LE,
                           XMC_H5_DIMS2("/locations/group", "/locations/row"), "CNY/year",
                           "average annual ground-up loss, before all terms: exact expectation "
                           "over events and damage distributions",
                           n)
                  : H5I_INVALID_HID;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t first = 0; first < n && h->status == XMC_OK; first += SLAB)
            write_slab(h, d, H5T_NATIVE_DOUBLE, 2, g, first, n - first < SLAB ? n - first : SLAB,
                       mean + g * n + first);
    if (d >= 0)
        H5Dclose(d);
    free(x.account);
    return h->status;
}
