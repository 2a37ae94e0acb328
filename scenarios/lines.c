/* Lines of business and exchange rates. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const line_names[XMC_N_LINES] = {
    [XMC_LINE_MOTOR] = "motor",
    [XMC_LINE_PROPERTY] = "property",
    [XMC_LINE_HULL_CARGO_SPECIAL] = "hull_cargo_special",
    [XMC_LINE_LIABILITY] = "liability",
    [XMC_LINE_AGRICULTURE] = "agriculture",
    [XMC_LINE_CREDIT] = "credit",
    [XMC_LINE_ACCIDENT] = "accident",
    [XMC_LINE_HEALTH] = "health",
    [XMC_LINE_SHORT_LIFE] = "short_life",
    [XMC_LINE_OTHER] = "other",
    [XMC_LINE_FINANCING] = "financing",
};

xmc_status xmc_load_lines(xmc_loader *l, const xmc_file_ref *ref) {
    enum { LOB, SEGMENT, LINE, N };
    static const xmc_column columns[N] = {
        [LOB] = {"lob", true}, [SEGMENT] = {"segment", true}, [LINE] = {"cross_line", true}};
    xmc_table *t;
    size_t capacity = 0;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        size_t length;
        bool fresh = true;
        const char *lob = xmc_cell_text(t, LOB, &length);
        uint32_t i = length ? xmc_names_add(&l->lobs, lob, length, &fresh) : 0;
        const char *segment = xmc_load_text(l, t, SEGMENT);
        size_t line = xmc_cell_choice(t, LINE, XMC_LINE_OTHER, line_names, XMC_N_LINES);
        if (!fresh)
            xmc_cell_error(t, LOB, "each line of business once");
        if (segment && *segment && (!xmc_load_is_word(segment, true) || strlen(segment) > 60))
            xmc_cell_error(t, SEGMENT, "lower-case letters, digits and _, at most 60");
        for (size_t k = 0; segment && k < l->book->n_lobs; k++)
            if (!strcmp(l->book->lobs[k].segment, segment) && l->book->lobs[k].line != line) {
                xmc_cell_error(t, SEGMENT,
                               "a segment with one cross_line; line of business '%s' has %s",
                               l->book->lobs[k].lob, line_names[l->book->lobs[k].line]);
                break;
            }
        if (!xmc_row_ok(t))
            continue;
        xmc_lob *more = xmc_load_grow(l, l->book->lobs, l->book->n_lobs, &capacity, sizeof *more);
        if (!more)
            break;
        l->book->lobs = more;
        more[l->book->n_lobs++] =
            (xmc_lob){.lob = l->lobs.name[i], .segment = segment, .line = (xmc_line)line};
    }
    st = xmc_load_close(l, ref, t);
    if (st == XMC_OK && !l->book->n_lobs)
        st = xmc_bad_input(l->diag, (xmc_place){.file = ref->path}, NULL,
                           "expected at least one line of business");
    l->lines_ok = st == XMC_OK && l->book->n_lobs > 0;
    return st;
}

xmc_status xmc_load_rates(xmc_loader *l, const xmc_file_ref *ref) {
    enum { CURRENCY, RATE, DATE, N };
    static const xmc_column columns[N] = {
        [CURRENCY] = {"currency", true}, [RATE] = {"cny_per_unit", true}, [DATE] = {"date", true}};
    size_t capacity = 1;
    xmc_table *t;
    l->cny_per_unit = malloc(sizeof *l->cny_per_unit);
    if (!l->cny_per_unit || xmc_names_add(&l->currencies, "CNY", 3, NULL) == UINT32_MAX)
        return xmc_no_memory(l->diag, sizeof *l->cny_per_unit, "exchange rates");
    l->cny_per_unit[0] = 1;
    if (!ref->path)
        return XMC_OK;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        size_t length;
        bool fresh = true;
        const char *code = xmc_cell_text(t, CURRENCY, &length);
        double rate = xmc_cell_positive(t, RATE, 1, 1e6);
        int32_t date = xmc_cell_date(t, DATE, 0);
        bool is_cny = !strcmp(code, "CNY"), is_code = length == 3;
        for (size_t i = 0; i < length && is_code; i++)
            is_code = code[i] >= 'A' && code[i] <= 'Z';
        if (length && !is_code)
            xmc_cell_error(t, CURRENCY, "an ISO 4217 code such as USD");
        if (is_cny && rate != 1)
            xmc_cell_error(t, RATE, "1 for CNY");
        if (!xmc_row_ok(t))
            continue;
        if (date > l->book->valuation_date)
            xmc_warn(l->diag, xmc_cell_place(t, DATE),
                     "the rate of %s is later than the valuation date", code);
        uint32_t i = xmc_names_add(&l->currencies, code, length, &fresh);
        if (i == UINT32_MAX || (!fresh && !is_cny)) {
            xmc_cell_error(t, CURRENCY, "each currency once");
            continue;
        }
        double *more = xmc_load_grow(l, l->cny_per_unit, l->currencies.n, &capacity, sizeof *more);
        if (!more)
            break;
        l->cny_per_unit = more;
        more[i] = rate;
    }
    return xmc_load_close(l, ref, t);
}
