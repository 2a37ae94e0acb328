#include "output/report_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char xmc_text_rule[] =
    "----------------------------------------------------------------------------------------------"
    "--------------";

void xmc_text_heading(FILE *f, const char *text) {
    fprintf(f, "\n%s\n%.*s\n", text, (int)strlen(text), xmc_text_rule);
}

/* A number in millions, right-aligned; "-" where there is none. */
void xmc_text_amount(FILE *f, int width, double x) {
    if (isnan(x))
        fprintf(f, "%*s", width, "-");
    else
        fprintf(f, "%*.1f", width, x / 1e6);
}

void xmc_text_limits(FILE *f, const xmc_estimate *e) {
    char text[2][24];
    const double v[] = {e->lower, e->upper};
    for (int i = 0; i < 2; i++)
        if (isnan(v[i]))
            snprintf(text[i], sizeof text[i], "-");
        else
            snprintf(text[i], sizeof text[i], "%.1f", v[i] / 1e6);
    char both[52];
    snprintf(both, sizeof both, "[%s, %s]", text[0], text[1]);
    fprintf(f, " %-21s", both);
}

void xmc_text_percent(FILE *f, int width, double x) {
    if (isnan(x))
        fprintf(f, "%*s", width, "-");
    else
        fprintf(f, "%*.2f", width, 100 * x);
}

void xmc_text_grouped(char *out, size_t size, uint64_t n) {
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, n);
    size_t len = strlen(digits), put = 0;
    for (size_t i = 0; i < len && put + 2 < size; i++) {
        if (i && (len - i) % 3 == 0)
            out[put++] = ',';
        out[put++] = digits[i];
    }
    out[put] = '\0';
}
