/* Parts of the text report. Private to output/. */
#ifndef CROSSMC_REPORT_TEXT_H
#define CROSSMC_REPORT_TEXT_H

#include "output/report_internal.h"

extern const char xmc_text_rule[]; /* a line of dashes, to be cut to length */
void xmc_text_heading(FILE *f, const char *text);
/* A number in millions, right-aligned; "-" where there is none. */
void xmc_text_amount(FILE *f, int width, double x);
void xmc_text_limits(FILE *f, const xmc_estimate *e);
void xmc_text_percent(FILE *f, int width, double fraction);
/* A whole number with thousands separated. */
void xmc_text_grouped(char *out, size_t size, uint64_t n);

void xmc_text_equity(const xmc_report_data *d, FILE *f);
void xmc_text_comparison(const xmc_report_data *d, FILE *f);
void xmc_text_credit(const xmc_report_data *d, FILE *f);

#endif
