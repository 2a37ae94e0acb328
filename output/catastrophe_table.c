/* Catastrophe of one peril from an event-scenario table: Rule 4 Art. 45-54. */
#include "output/regulatory_build.h"

#include "kernels/vmath.h"
#include "scenarios/common/parse.h"
#include <csv.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A scenario's loss and annual rate (1/rows where rows are years). */
typedef struct {
    double loss, rate;
} scenario;

typedef struct {
    const xmc_company_catastrophe *c;
    xmc_diag *diag;
    size_t line, field;
    size_t n_columns;
    int *column_region; /* per column: region index, -1 scenario, -2 rate, -3 other */
    bool has_rate, header_done, failed;
    bool overseas;
    double loss, rate;
    scenario *rows;
    size_t n_rows, capacity;
    size_t n_unused; /* columns of regions without exposure, and the first of them */
    char unused[64];
    double *by_region; /* overseas: loss factors, row-major rows × regions */
} table;

static xmc_place at(const table *t, const char *column) {
    return (xmc_place){
        .file = t->c->table, .line = t->line, .column = t->field + 1, .column_name = column};
}

static void read_header_field(table *t, const char *text) {
    int *more = realloc(t->column_region, (t->n_columns + 1) * sizeof *more);
    if (!more) {
        t->failed = true;
        xmc_no_memory(t->diag, t->n_columns, t->c->table);
        return;
    }
    t->column_region = more;
    int region = -3;
    if (!strcmp(text, "scenario"))
        region = -1;
    else if (!strcmp(text, "rate"))
        region = -2;
    for (size_t i = 0; i < t->c->n_regions; i++)
        if (!strcmp(t->c->regions[i], text))
            region = (int)i;
    if (region == -3 && !t->n_unused++)
        snprintf(t->unused, sizeof t->unused, "%s", text);
    t->has_rate |= region == -2;
    t->column_region[t->n_columns++] = region;
}

static void on_field(void *data, size_t length, void *arg) {
    table *t = arg;
    if (t->failed)
        return;
    const char *text = data ? data : "";
    if (!t->header_done) {
        read_header_field(t, text);
        t->field++;
        return;
    }
    if (t->field >= t->n_columns) {
        xmc_bad_input(t->diag, at(t, NULL), text, "%zu fields, as in the header", t->n_columns);
        t->failed = true;
        return;
    }
    int region = t->column_region[t->field];
    if (region >= 0 || region == -2) {
        double x = 0;
        bool rate = region == -2;
        if (!xmc_parse_number(text, length, &x) || x < 0 || (!rate && x > 1)) {
            xmc_bad_input(t->diag, at(t, rate ? "rate" : t->c->regions[region]), text,
                          rate ? "an annual rate, 0 or more" : "a loss factor from 0 to 1");
            t->failed = t->diag->n_errors > XMC_DIAG_KEPT;
        } else if (rate) {
            t->rate = x;
        } else if (t->overseas) {
            t->by_region[t->n_rows * t->c->n_regions + (size_t)region] = x;
        } else {
            t->loss = t->loss + x * t->c->exposure[region];
        }
    }
    t->field++;
}

static bool room_for_row(table *t) {
    if (t->n_rows < t->capacity)
        return true;
    size_t capacity = t->capacity ? 2 * t->capacity : 4096;
    scenario *rows = realloc(t->rows, capacity * sizeof *rows);
    if (rows)
        t->rows = rows;
    double *by_region = t->by_region;
    if (t->overseas && rows) {
        by_region = realloc(by_region, capacity * t->c->n_regions * sizeof *by_region);
        if (by_region) {
            t->by_region = by_region;
            memset(by_region + t->n_rows * t->c->n_regions, 0,
                   (capacity - t->n_rows) * t->c->n_regions * sizeof *by_region);
        }
    }
    if (!rows || (t->overseas && !by_region)) {
        t->failed = true;
        xmc_no_memory(t->diag, capacity * sizeof *rows, t->c->table);
        return false;
    }
    t->capacity = capacity;
    return true;
}

static void check_header(table *t) {
    const xmc_company_catastrophe *c = t->c;
    for (size_t i = 0; i < c->n_regions; i++) {
        size_t found = 0;
        for (size_t j = 0; j < t->n_columns; j++)
            found += t->column_region[j] == (int)i;
        if (found != 1) {
            xmc_bad_input(t->diag, (xmc_place){.file = c->table, .line = 1}, c->regions[i],
                          "one column for each region that has an exposure, found %zu", found);
            t->failed = true;
        }
    }
    if (!c->rows_are_years && !t->has_rate) {
        xmc_bad_input(t->diag, (xmc_place){.file = c->table, .line = 1}, NULL,
                      "expected a column rate, since a row is an event");
        t->failed = true;
    }
}

static void on_row(int c, void *arg) {
    table *t = arg;
    (void)c;
    if (t->failed)
        return;
    if (!t->header_done) {
        t->header_done = true;
        check_header(t);
    } else if (t->field != t->n_columns) {
        xmc_bad_input(t->diag, at(t, NULL), NULL, "expected %zu fields, got %zu", t->n_columns,
                      t->field);
        t->failed = true;
    } else {
        t->rows[t->n_rows++] = (scenario){t->loss, t->rate};
    }
    t->line++;
    t->field = 0;
    t->loss = t->rate = 0;
    if (!t->failed)
        room_for_row(t);
}

static xmc_status read_table(table *t) {
    FILE *f = fopen(t->c->table, "rb");
    if (!f)
        return xmc_file_error(t->diag, t->c->table, "open");
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_APPEND_NULL | CSV_STRICT_FINI) != 0) {
        fclose(f);
        return xmc_no_memory(t->diag, sizeof parser, t->c->table);
    }
    size_t errors = t->diag->n_errors, n;
    static const char bom[3] = {'\xef', '\xbb', '\xbf'};
    char buffer[65536];
    bool first = true;
    t->line = 1;
    room_for_row(t);
    while (!t->failed && (n = fread(buffer, 1, sizeof buffer, f)) > 0) {
        size_t skip = first && n >= 3 && !memcmp(buffer, bom, 3) ? 3 : 0;
        first = false;
        if (csv_parse(&parser, buffer + skip, n - skip, on_field, on_row, t) != n - skip) {
            xmc_bad_input(t->diag, at(t, NULL), NULL, "expected well-formed CSV: %s",
                          csv_strerror(csv_error(&parser)));
            t->failed = true;
        }
    }
    if (!t->failed && csv_fini(&parser, on_field, on_row, t) != 0)
        xmc_bad_input(t->diag, at(t, NULL), NULL, "expected well-formed CSV: %s",
                      csv_strerror(csv_error(&parser)));
    csv_free(&parser);
    if (ferror(f))
        xmc_file_error(t->diag, t->c->table, "read");
    fclose(f);
    if (t->diag->n_errors == errors && !t->n_rows)
        xmc_bad_input(t->diag, (xmc_place){.file = t->c->table}, NULL,
                      "expected at least one scenario");
    return t->diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

static int descending(const void *a, const void *b) {
    const scenario *x = a, *y = b;
    return x->loss < y->loss   ? 1
           : x->loss > y->loss ? -1
           : x->rate < y->rate ? 1
           : x->rate > y->rate ? -1
                               : 0;
}

/* Quantile of the year. Rows as years: the ceil(q n)-th smallest. Rows as events with Poisson
 * rates: the smallest loss that is exceeded with probability at most 1 - q, i.e. whose exceedance
 * rate is at most -log q. */
static double value_at_risk(scenario *rows, size_t n, bool years, double q) {
    qsort(rows, n, sizeof *rows, descending);
    if (years) {
        double k = ceil(q * (double)n - 1e-9);
        size_t rank = k < 1 ? 1 : (size_t)k;
        return rows[n - rank].loss;
    }
    double allowed = -xmc_log(q), rate = 0;
    for (size_t i = 0; i < n; i++) {
        rate += rows[i].rate;
        if (rate > allowed)
            return rows[i].loss;
    }
    return 0;
}

static double ceded(const xmc_company_catastrophe *c, double loss) {
    double over = loss - c->attachment > 0 ? loss - c->attachment : 0;
    return (over < c->limit ? over : c->limit) * c->share;
}

/* `exposure: book`: the provinces of the book's locations that have a sum insured. */
static bool exposure_of_book(xmc_reg_builder *b, size_t node, xmc_company_catastrophe *c) {
    const xmc_reg_book *book = b->book;
    if (!book || !book->sums_insured) {
        xmc_bad_input(b->diag, c->place, "book",
                      "sums insured by province: there is no book with locations; an amount for "
                      "this case goes under given_without_book");
        return false;
    }
    size_t peril = 0;
    while (peril + 1 < XMC_REG_N_BOOK_PERILS && strcmp(xmc_reg_book_perils[peril], c->peril) != 0)
        peril++;
    c->regions = xmc_reg_alloc(b, (book->n_regions + 1) * sizeof *c->regions);
    c->exposure = xmc_reg_alloc(b, (book->n_regions + 1) * sizeof *c->exposure);
    if (!c->regions || !c->exposure)
        return false;
    for (size_t i = 0; i < book->n_regions; i++) {
        double x = book->sums_insured[peril * book->n_regions + i];
        if (x > 0) {
            c->regions[c->n_regions] = book->regions[i];
            c->exposure[c->n_regions++] = x;
        }
    }
    xmc_reg_assume(b, "%s: sums insured of the book, all covers, before deductibles and limits",
                   b->tree->nodes[node].code);
    return true;
}

void xmc_reg_build_peril(xmc_reg_builder *b, size_t node, const xmc_company_catastrophe *sheet) {
    xmc_company_catastrophe own = *sheet;
    const xmc_company_catastrophe *c = &own;
    if (own.from_book && !exposure_of_book(b, node, &own))
        return;
    table t = {.c = c, .diag = b->diag, .overseas = !strncmp(c->peril, "overseas", 8)};
    double q = xmc_reg_number(b, "insurance/catastrophe/quantile");
    double gross = 0, net = 0, exposure = 0;
    if (!c->table || read_table(&t) != XMC_OK)
        goto done;
    if (t.n_unused)
        xmc_reg_assume(b, "%s: %zu columns of the table have no exposure (the first: '%s')",
                       b->tree->nodes[node].code, t.n_unused, t.unused);
    for (size_t i = 0; i < c->n_regions; i++)
        exposure += c->exposure[i];
    if (t.overseas) {
        /* each region's own quantile, root of the sum of squares, then the excess cover */
        double squares = 0;
        scenario *rows = malloc(t.n_rows * sizeof *rows);
        if (!rows) {
            b->failed = true;
            xmc_no_memory(b->diag, t.n_rows * sizeof *rows, c->table);
            goto done;
        }
        for (size_t r = 0; r < c->n_regions; r++) {
            for (size_t i = 0; i < t.n_rows; i++)
                rows[i] = (scenario){t.by_region[i * c->n_regions + r], t.rows[i].rate};
            double x = c->exposure[r] * value_at_risk(rows, t.n_rows, c->rows_are_years, q);
            squares += x * x;
        }
        free(rows);
        gross = sqrt(squares);
        net = gross - ceded(c, gross);
    } else {
        /* the excess cover acts inside each scenario (Art. 52) */
        gross = value_at_risk(t.rows, t.n_rows, c->rows_are_years, q);
        for (size_t i = 0; i < t.n_rows; i++)
            t.rows[i].loss -= ceded(c, t.rows[i].loss);
        net = value_at_risk(t.rows, t.n_rows, c->rows_are_years, q);
    }
    char text[XMC_REG_TEXT] = "";
    xmc_reg_append(text, "VaR %g of %zu %s: %.10g before excess of loss", q, t.n_rows,
                   c->rows_are_years ? "years" : "events", gross);
    if (c->limit > 0)
        xmc_reg_append(text, "; cover %g in excess of %g, share %g", c->limit, c->attachment,
                       c->share);
    if (c->is_proxy) {
        b->tree->catastrophe_is_proxy = true;
        xmc_reg_append(text, "; PROXY: not the regulator's table");
        xmc_reg_assume(b, "%s: proxy from our own table, not the regulator's",
                       b->tree->nodes[node].code);
    }
    xmc_reg_set_leaf(b, node, exposure, NAN, NAN, exposure > 0 ? net / exposure : 0, text,
                     "Rule 4 Art. 45-54");
    b->tree->nodes[node].amount = net;
    b->tree->nodes[node].gross = gross;
done:
    free(t.column_region);
    free(t.rows);
    free(t.by_region);
}
