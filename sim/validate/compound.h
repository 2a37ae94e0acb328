/* One attritional line as an analysis of its own. */
#ifndef CROSSMC_VALIDATE_COMPOUND_H
#define CROSSMC_VALIDATE_COMPOUND_H

#include "sim/validate/case.h"

/* Poisson frequency, severity law (gamma, lognormal) with mean and coefficient of variation. */
xmc_status xmc_compound_files(xmc_case *c, double frequency, const char *law, double mean,
                              double cv);

#endif
