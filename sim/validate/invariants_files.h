/* A small whole analysis of all four risks, in variants that must not, or must in a known way,
 * change its losses (T17). */
#ifndef CROSSMC_VALIDATE_INVARIANTS_FILES_H
#define CROSSMC_VALIDATE_INVARIANTS_FILES_H

#include "sim/validate/case.h"

typedef enum {
    XMC_TERMS_USUAL,
    XMC_TERMS_NONE, /* columns empty */
    XMC_TERMS_WIDE  /* deductibles and attachments 0, limits of 2^50 CNY */
} xmc_invariant_terms;

typedef enum {
    XMC_TREATIES_USUAL,
    XMC_TREATIES_NONE,
    XMC_TREATIES_ALL /* a layer from 0 to 2^50 CNY on the catastrophe's line */
} xmc_invariant_treaties;

typedef struct {
    bool locations_reversed, policies_reversed, obligors_reversed;
    bool extra; /* a location without exposure more */
    xmc_invariant_terms terms;
    xmc_invariant_treaties treaties;
    double scale; /* of every amount and of the loss grid: a power of two */
} xmc_invariant_files;

/* The files that do not vary. */
xmc_status xmc_invariants_fixed(xmc_case *c);
/* The others, FOLDER/analysis.yaml among them. */
xmc_status xmc_invariants_vary(xmc_case *c, const xmc_invariant_files *v);

#endif
