/* OED's peril codes and groups, and our own XCY (crop yield shortfall). */
#ifndef CROSSMC_PERILS_H
#define CROSSMC_PERILS_H

#include "scenarios/book.h"

/* Codes joined by ';', such as "WTC;WSS" or "OO1". A group stands for its perils; AA1 for all of
 * OED's, not for XCY. false: empty, or a code that is neither OED's nor ours. */
bool xmc_perils_parse(const char *s, size_t n, xmc_perils *out);
/* The code of one peril (one bit), or NULL. */
const char *xmc_peril_code(xmc_perils one);

#endif
