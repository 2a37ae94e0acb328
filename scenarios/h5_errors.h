/* HDF5 prints its errors unless told not to: silence while a file is read, the caller's setting put
 * back afterwards. */
#ifndef CROSSMC_H5_ERRORS_H
#define CROSSMC_H5_ERRORS_H

#include <hdf5.h>

typedef struct {
    H5E_auto2_t print;
    void *to;
} xmc_h5_errors;

static inline xmc_h5_errors xmc_h5_errors_off(void) {
    xmc_h5_errors before;
    H5Eget_auto2(H5E_DEFAULT, &before.print, &before.to);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return before;
}

static inline void xmc_h5_errors_back(xmc_h5_errors before) {
    H5Eset_auto2(H5E_DEFAULT, before.print, before.to);
}

#endif
