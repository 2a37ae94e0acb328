/* Text to values, whatever the locale: numbers are correctly rounded, dates are civil dates. */
#ifndef CROSSMC_PARSE_H
#define CROSSMC_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal number: sign, digits, point, exponent. Not NaN, not infinite, not hexadecimal, no
 * thousands separators. s[n] must be readable and zero. false: not such a number. */
bool xmc_parse_number(const char *s, size_t n, double *out);
/* An integer in decimal digits with an optional sign. */
bool xmc_parse_integer(const char *s, size_t n, int64_t *out);
bool xmc_parse_unsigned(const char *s, size_t n, uint64_t *out);

/* YYYY-MM-DD in the Gregorian calendar, years 1900 to 2999, as days since 1970-01-01. */
bool xmc_parse_date(const char *s, size_t n, int32_t *out);
/* Writes YYYY-MM-DD and a zero. */
void xmc_format_date(int32_t day, char out[11]);

#endif
