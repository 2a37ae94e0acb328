/* A file of daily index returns, for filtered historical simulation. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_DAYS = 100 };

static xmc_status read_rows(xmc_loader *l, xmc_table *t, xmc_equity_model *m) {
    size_t capacity = 0;
    const size_t n = m->n_indices;
    int32_t before = INT32_MIN;
    while (xmc_table_next(t)) {
        double *more = xmc_load_grow(l, m->history, m->n_history, &capacity, n * sizeof *more);
        if (!more)
            return XMC_SYSTEM;
        m->history = more;
        int32_t date = xmc_cell_date(t, 0, 0);
        if (xmc_row_ok(t) && date <= before)
            xmc_cell_error(t, 0, "a date after that of the row before");
        before = date;
        for (size_t i = 0; i < n; i++) {
            double r = xmc_cell_number(t, 1 + i, 0, -1, 10);
            more[m->n_history * n + i] = r;
        }
        if (xmc_row_ok(t))
            m->n_history++;
    }
    return XMC_OK;
}

xmc_status xmc_load_equity_history(xmc_loader *l, xmc_yaml_file *f, const char *path,
                                   xmc_equity_model *m) {
    char *joined = xmc_path_beside(f->tree.file, path);
    xmc_file_ref ref = {.role = "equity_returns"};
    if (joined)
        ref.path = xmc_arena_copy(l->arena, joined, strlen(joined));
    free(joined);
    xmc_column *columns = calloc(m->n_indices + 1, sizeof *columns);
    if (!ref.path || !columns) {
        free(columns);
        return xmc_no_memory(l->diag, m->n_indices * sizeof *columns, path);
    }
    columns[0] = (xmc_column){"date", true};
    for (size_t i = 0; i < m->n_indices; i++)
        columns[1 + i] = (xmc_column){m->names[i], true};
    xmc_table *t;
    xmc_status st = xmc_load_open(l, &ref, columns, m->n_indices + 1, &t), kept;
    if (st == XMC_OK) {
        st = read_rows(l, t, m);
        kept = xmc_load_close(l, &ref, t);
        st = st == XMC_OK ? kept : st;
        if (st == XMC_OK && m->n_history < FEWEST_DAYS)
            st = xmc_yaml_bad(f, "returns", "a file of at least %d days; it has %zu", FEWEST_DAYS,
                              m->n_history);
    }
    for (size_t i = 0; st == XMC_OK && i < m->n_indices; i++) {
        bool moves = false;
        for (size_t d = 1; d < m->n_history; d++)
            moves |= m->history[d * m->n_indices + i] != m->history[i];
        if (!moves)
            st = xmc_yaml_bad(f, "returns", "returns of '%s' that differ from day to day",
                              m->names[i]);
    }
    free(columns);
    return st;
}
